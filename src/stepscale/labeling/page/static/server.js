// The server, and what this browser keeps until the server has it: drafts, and one label that is not saved yet.
export const storage = {
  get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  set(key, value) { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, JSON.stringify(value)); } catch { /* private mode */ } },
};

export class Refused extends Error {}
class Failed extends Error {} // the server's own fault: it says which

export class Server {
  constructor(name, token) {
    this.headers = token ? { Authorization: "Bearer " + token } : { "X-Labeler": name };
    this.unsent = "stepscale/unsent/" + (name || token.slice(0, 8));
  }
  async ask(path, body) {
    const options = { headers: { ...this.headers }, signal: AbortSignal.timeout(15000) };
    if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
    if (body) options.headers["Content-Type"] = "application/json";
    const answer = await fetch(path, options);
    if (answer.ok) return answer.json();
    const detail = await answer.json().then((reply) => reply.detail, () => answer.statusText);
    if (answer.status >= 400 && answer.status < 500) throw new Refused(detail);
    throw new Failed(detail);
  }
  next() { return this.ask("/api/next"); }

  // Saves, and tries again for as long as it takes; a label that waits survives a reload. Throws Refused.
  // ``onWaiting`` gets the reason.
  async save(submission, onWaiting) {
    storage.set(this.unsent, submission);
    for (let seconds = 1; ; seconds = Math.min(2 * seconds, 15)) {
      try {
        const reply = await this.ask("/api/save", submission);
        storage.set(this.unsent, null);
        return reply;
      } catch (error) {
        if (error instanceof Refused) { storage.set(this.unsent, null); throw error; }
        onWaiting(error instanceof Failed ? error.message : "no connection");
        await new Promise((resume) => { setTimeout(resume, 1000 * seconds); addEventListener("online", resume, { once: true }); });
      }
    }
  }
  waiting() { return storage.get(this.unsent); }
}
