/** The server's end of a connection, played by a test. */
export class Line {
  static opened = [];

  /** To be passed as `open`; each call becomes a Line in `opened`. */
  static open(url) {
    const line = new Line(url);
    Line.opened.push(line);
    return line;
  }

  constructor(url) {
    this.url = url;
    this.readyState = 0;
    this.sent = [];
  }

  accept() {
    this.readyState = 1;
    this.onopen();
    return this;
  }

  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
    return this;
  }

  hangUp(code) {
    this.readyState = 3;
    this.onclose({ code });
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  /** The messages sent to the server, without the pings. */
  get received() {
    return this.sent.filter(({ type }) => type !== "ping");
  }
}

export const PLAYBACK = {
  status: "paused", position_ms: 0, rate: 1, at_ms: 0, by: null, started: false, reason: null, waiting_for: [], hold_until_ms: null, sought_ms: 0,
};

export const SETTINGS = { control: "everyone", capacity: 20, locked: false, slow_mode_s: 0, hold: true, hold_max_s: 10, early_start: false };

export const WELCOME = {
  type: "welcome", protocol: 1, mode: "snapshot", epoch: 1, seq: 10, hash: "h10", server_ms: 5_000, resume: "token-1",
  you: { id: "u1", name: "Ann", role: "owner", session: "s" }, limits: { text_graphemes: 500 },
  room: { id: "r1", owner: "u1", host: null, settings: SETTINGS }, state: { playback: PLAYBACK },
  members: [{ id: "u1", name: "Ann", role: "owner", ready: false }], messages: [],
};

export const event = (seq, type, more = {}) => ({ type, epoch: 1, seq, hash: `h${seq}`, time_ms: 5_000, by: null, command: null, ...more });
