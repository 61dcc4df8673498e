// What a labeler has rated of one sample: judgments of steps, from the first to the last that was rated.
// No browser in here. The server checks the same rules again (stepscale.labeling.page.records).
export class Labeling {
  constructor(sample, ask, draft) {
    this.sample = sample;
    this.ask = ask;
    this.judgments = [];
    this.finish = ["give_up", "bad_problem"].includes(draft?.finish) ? draft.finish : null;
    for (const judgment of Array.isArray(draft?.judgments) ? draft.judgments : []) if (!this.goesOnWith(judgment)) break;
  }
  // Takes a judgment of a draft if it still is one of what is asked: the server may ask otherwise since.
  goesOnWith(judgment) {
    const step = this.judgments.length, last = this.judgments.at(-1), ratings = judgment?.ratings;
    if (step === this.sample.steps.length) return false;
    if (last && (!this.isWhole(step - 1) || (this.ask !== "every_step" && this.isDeadEnd(last)))) return false;
    if (!Array.isArray(ratings) || !ratings.length || ratings.length > this.count(step)) return false;
    if (!ratings.every((rating) => [-1, 0, 1].includes(rating))) return false;
    const isText = this.ask === "alternatives" && typeof judgment.written === "string";
    this.judgments.push({ ratings, written: isText ? judgment.written : null });
    return true;
  }
  count(step) { return this.sample.steps[step].length; }
  isWhole(step) { return this.judgments[step].ratings.length === this.count(step); }
  isDeadEnd(judgment) { return !judgment.written && Math.max(...judgment.ratings) < 0; }

  // The completion that is rated next, null if nothing is left to rate.
  now() {
    const last = this.judgments.length - 1;
    if (this.finish) return null;
    if (last >= 0 && !this.isWhole(last)) return { step: last, completion: this.judgments[last].ratings.length };
    if (last >= 0 && this.ask !== "every_step" && this.isDeadEnd(this.judgments[last])) return null;
    return last + 1 < this.sample.steps.length ? { step: last + 1, completion: 0 } : null;
  }
  rate(rating) {
    const now = this.now();
    if (!now) return false;
    if (now.completion) this.judgments[now.step].ratings.push(rating);
    else this.judgments.push({ ratings: [rating], written: null });
    return true;
  }
  canWrite() {
    const last = this.judgments.at(-1);
    return this.ask === "alternatives" && !this.finish && !!last && this.isWhole(this.judgments.length - 1) && this.isDeadEnd(last);
  }
  write(text) { if (this.canWrite() && text.trim()) this.judgments.at(-1).written = text.trim(); }
  takeBack() {
    const last = this.judgments.at(-1);
    if (this.finish) this.finish = null;
    else if (last?.written) last.written = null;
    else if (last) { last.ratings.pop(); if (!last.ratings.length) this.judgments.pop(); }
  }
  submission(milliseconds) {
    const steps = this.judgments.filter((_, step) => this.isWhole(step));
    return { sample: this.sample.id, steps, finish: this.finish, milliseconds: Math.round(milliseconds) };
  }
}
