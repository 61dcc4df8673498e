// The page: shows one sample step by step, turns keys and buttons into ratings, saves.
import { draw, spoken } from "/static/draw.js";
import { Labeling } from "/static/labeling.js";
import { Refused, Server, storage } from "/static/server.js";

const at = (id) => document.getElementById(id);
const RATINGS = { 1: -1, 2: 0, 3: 1 }, NAMES = { "-1": "✗ negative", 0: "○ neutral", 1: "✓ positive" };
const ENDS = { give_up: "You gave up on this solution.", bad_problem: "You marked the problem as bad." };
let server, labeling = null, views = [], busy = false, spent = 0, since = 0;

// 1. who labels
function begin() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  const name = new URLSearchParams(location.search).get("labeler") || storage.get("stepscale/labeler");
  if (!token && !name) return at("naming").showModal();
  server = new Server(name, token);
  const waiting = server.waiting();
  return waiting ? send(waiting) : next();
}
at("naming-form").addEventListener("submit", (event) => {
  event.preventDefault();
  storage.set("stepscale/labeler", at("name").value);
  at("naming").close();
  begin();
});

// 2. the sample
async function next() {
  busy = true;
  try {
    show(await server.next());
  } catch (error) {
    if (error instanceof Refused) say(error.message, true);
    else { say("No connection to the server. Trying again.", true); setTimeout(next, 2000); return; }
  }
  busy = false;
}
function show({ sample, ask, progress, labeler }) {
  const percent = progress.agreement === null ? "" : `, agreement with known answers ${Math.round(100 * progress.agreement)} %`;
  at("progress").textContent = `${labeler}: ${progress.labeled} labeled, ${progress.left} left${percent}`;
  document.title = sample ? `Label steps (${progress.left} left)` : "Label steps";
  document.querySelector("main").hidden = at("bar").hidden = !sample;
  document.body.dataset.sample = sample ? sample.id : "none";
  if (!sample) {
    labeling = null;
    const why = progress.left_out ? "Your ratings agree too little with known answers, so nothing more is asked of you."
      : progress.left ? "Others are at work on what is left. Reload later." : "Nothing is left to label. Thank you.";
    return say(why);
  }
  const draft = storage.get("stepscale/draft/" + labeler + "/" + sample.id);
  labeling = Object.assign(new Labeling(sample, ask, draft), { key: "stepscale/draft/" + labeler + "/" + sample.id });
  spent = draft?.milliseconds ?? 0;
  since = performance.now();
  draw(at("problem"), sample.problem);
  at("answer-block").hidden = !sample.answer;
  at("solution-block").hidden = !sample.solution;
  at("solution-block").open = false;
  draw(at("answer"), sample.answer ?? []);
  draw(at("solution"), sample.solution ?? []);
  document.querySelectorAll("[data-only]").forEach((node) => { node.hidden = node.dataset.only !== ask; });
  views = sample.steps.map(view);
  at("steps").replaceChildren();
  scrollTo(0, 0);
  update();
}
function view(completions) {
  const item = Object.assign(document.createElement("li"), { tabIndex: -1 });
  item.append(...completions.map((parts) => {
    const block = Object.assign(document.createElement("div"), { className: "completion" });
    const text = Object.assign(document.createElement("div"), { className: "text" });
    draw(text, parts);
    block.append(text, Object.assign(document.createElement("span"), { className: "mark" }));
    return block;
  }));
  return item;
}

// 3. what is rated so far, on the screen
function update() {
  const now = labeling.now(), judgments = labeling.judgments;
  const shown = views.slice(0, now ? now.step + 1 : judgments.length);
  const list = at("steps");
  while (list.children.length > shown.length) list.lastElementChild.remove();
  list.append(...shown.slice(list.children.length));
  shown.forEach((item, step) => paint(item, judgments[step], now?.step === step ? now.completion : null));
  const last = judgments.at(-1);
  at("end").textContent = now ? "" : ENDS[labeling.finish]
    ?? (last && labeling.isDeadEnd(last) && labeling.ask !== "every_step" ? "The solution ends at its first negative step." : "All steps are rated.");
  for (const button of at("bar").querySelectorAll("[data-action]")) {
    const action = button.dataset.action;
    if (action in RATINGS) button.disabled = !now;
    else if (action === "Backspace") button.disabled = !labeling.finish && !judgments.length;
    else if (action === "w") { button.hidden = labeling.ask !== "alternatives"; button.disabled = !labeling.canWrite(); }
    else if (action === "Enter") button.disabled = !!now;
  }
  const several = now && labeling.count(now.step) > 1 ? `, completion ${now.completion + 1} of ${labeling.count(now.step)}` : "";
  if (now) say(`Step ${now.step + 1} of ${views.length}${several}`, false, spoken(labeling.sample.steps[now.step][now.completion]));
  else say(`${at("end").textContent} Press Enter to save.`);
  focusOn(now ? views[now.step] : shown.at(-1));
  if (!now) at("end").scrollIntoView({ block: "nearest" });
}
function paint(item, judgment, current) {
  item.className = current !== null ? "now" : judgment ? "r" + Math.max(...judgment.ratings) : "";
  [...item.querySelectorAll(".completion")].forEach((block, i) => {
    const rating = judgment?.ratings[i], mark = block.querySelector(".mark");
    block.classList.toggle("now", current === i && item.children.length > 1);
    mark.textContent = rating === undefined ? "" : NAMES[rating];
    mark.dataset.rating = rating ?? "";
  });
  item.querySelector(".written")?.remove();
  if (judgment?.written) item.append(Object.assign(document.createElement("div"), { className: "written text", textContent: judgment.written }));
}
function focusOn(item) {
  if (!item) return;
  if (!at("bar").contains(document.activeElement)) item.focus({ preventScroll: true });
  (item.querySelector(".completion.now") ?? item).scrollIntoView({ block: "nearest" });
}
function say(text, isBad = false, aloud = "") {
  const hidden = Object.assign(document.createElement("span"), { textContent: aloud ? ": " + aloud : "" });
  hidden.className = "aloud";
  at("message").replaceChildren(text, hidden);
  at("message").classList.toggle("bad", isBad);
}

// 4. saving
async function send(submission) {
  busy = true;
  let told = "Saved.";
  try {
    say("Saving.");
    const reply = await server.save(submission, (reason) => say(`Not saved yet: ${reason}. Trying again; your label is kept in this browser.`, true));
    if (!reply.new) told = "You had labeled this one before; that label stands.";
    if (labeling) storage.set(labeling.key, null);
  } catch (error) {
    busy = false;
    const why = `Not saved: ${error.message}`;
    say(why, true);
    if (labeling) return;
    await next();
    at("message").prepend(why + ". ");
    return;
  }
  await next();
  const message = at("message");
  message.prepend(told + " ");
}
const milliseconds = () => spent + (since ? performance.now() - since : 0);
document.addEventListener("visibilitychange", () => { // a page in the background takes nobody's time
  if (document.hidden) { spent = milliseconds(); since = 0; } else since = performance.now();
});

// 5. keys and buttons
function act(action) {
  if (action === "?") return at("keys").showModal();
  if (!labeling || busy) return;
  if (action === "Enter") { if (!labeling.now()) send(labeling.submission(milliseconds())); return; }
  if (action in RATINGS) { if (!labeling.rate(RATINGS[action])) return; }
  else if (action === "Backspace") labeling.takeBack();
  else if (action === "g") labeling.finish = "give_up";
  else if (action === "b") labeling.finish = "bad_problem";
  else if (action === "w") { if (labeling.canWrite()) { at("written").value = ""; at("writing").showModal(); } return; }
  else return;
  keep();
}
function keep() {
  update();
  storage.set(labeling.key, { judgments: labeling.judgments, finish: labeling.finish, milliseconds: milliseconds() });
}
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
  const isControl = event.target.closest("button, summary, input, textarea, a");
  if (isControl && ["Enter", " "].includes(event.key)) return; // it is pressed, as everywhere
  if (!at("use-keys").checked && event.key !== "Enter") return;
  const digit = /^(?:Digit|Numpad)([123])$/.exec(event.code)?.[1];
  const action = event.key in RATINGS ? event.key : event.key.length > 1 || "?gbwGBW".includes(event.key) ? event.key : digit ?? event.key;
  if (["Backspace", "Enter", "w", "W"].includes(action)) event.preventDefault(); // "w" is not the first letter written
  act(action.length === 1 ? action.toLowerCase() : action);
});
at("bar").addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  if (event.detail) button.blur(); // by mouse or finger: the next Enter saves, and does not press it again
  act(button.dataset.action);
});
at("help").addEventListener("click", () => act("?"));
at("use-keys").checked = storage.get("stepscale/keys") ?? true;
at("use-keys").addEventListener("change", (event) => storage.set("stepscale/keys", event.target.checked));
at("written-take").addEventListener("click", () => { labeling.write(at("written").value); at("writing").close(); keep(); });
at("written-leave").addEventListener("click", () => at("writing").close());

begin();
