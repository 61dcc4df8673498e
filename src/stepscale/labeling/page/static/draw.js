// Parts of a text (strings and formulas, as the server cuts them) as nodes. Nothing here reads markup.
const MATHML = "http://www.w3.org/1998/Math/MathML";
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g; // some turn the text around them back to front

const text = (written) => written.replace(UNSEEN, (one) => `⟨U+${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

function element(tree) {
  if (typeof tree === "string") return document.createTextNode(text(tree));
  const [tag, attributes, ...children] = tree;
  const isBox = tag === "menclose"; // browsers have no menclose; a box is drawn by the style sheet
  const node = document.createElementNS(MATHML, isBox ? "mrow" : tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (isBox && (attributes.notation || "").includes("box")) node.setAttribute("class", "boxed");
  node.append(...children.map(element));
  return node;
}

export function draw(target, parts) {
  target.replaceChildren(...parts.map((part) => {
    if (typeof part === "string") return document.createTextNode(text(part));
    const node = element(part.mathml);
    node.setAttribute("alttext", part.latex);
    return node;
  }));
  if (!target.textContent.trim()) target.append("(no text)");
}

export const spoken = (parts) => parts.map((part) => (typeof part === "string" ? part : part.latex)).join("");
