/**
 * The place in a room's log up to which this browser has applied events: (epoch, seq, hash).
 * Events apply strictly in sequence; whatever does not follow is refused, and the caller resumes from here.
 */
export class Order {
  epoch = null;
  seq = null;
  hash = null;

  get known() {
    return this.epoch !== null;
  }

  /** Stands at a snapshot's place. */
  stand({ epoch, seq, hash }) {
    this.epoch = epoch;
    this.seq = seq;
    this.hash = hash;
  }

  /** "next": apply it (the place moves on) · "known": seen before, drop it · "gap": something is missing, resume. */
  judge({ epoch, seq, hash }) {
    if (!this.known || epoch > this.epoch) return "gap";
    if (epoch < this.epoch || seq <= this.seq) return "known";
    if (seq > this.seq + 1) return "gap";
    this.seq = seq;
    this.hash = hash;
    return "next";
  }
}
