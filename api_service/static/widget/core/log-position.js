/**
 * The last event of the room's log that this browser has applied: (epoch, seq, hash).
 * Events apply strictly in sequence; after a gap the caller resumes from here.
 */
export class LogPosition {
  epoch = null;
  seq = null;
  hash = null;

  get known() {
    return this.epoch !== null;
  }

  /** Move to the position of a snapshot. */
  moveTo({ epoch, seq, hash }) {
    this.epoch = epoch;
    this.seq = seq;
    this.hash = hash;
  }

  /**
   * Move past `event` if it is the next one. Return "next" (apply it), "duplicate" (seen before, drop it) or "gap" (an event is
   * missing, resume).
   */
  advance({ epoch, seq, hash }) {
    if (!this.known || epoch > this.epoch) return "gap";
    if (epoch < this.epoch || seq <= this.seq) return "duplicate";
    if (seq > this.seq + 1) return "gap";
    this.seq = seq;
    this.hash = hash;
    return "next";
  }
}
