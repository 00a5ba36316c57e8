/** Sessions for tests, and what they tell. */
import { Session } from "../../../api_service/static/widget/core/session.js";
import { Line, WELCOME } from "./line.mjs";
import { hold } from "./time.mjs";

/** Let what is promised already happen. */
export const settle = async () => {
  for (let n = 0; n < 10; n += 1) await Promise.resolve();
};

/** What the sessions of this test have told, and how many `tickets` they have asked for. */
export let seen;

/** Begin a test: nothing was told yet, and no connection opened. */
export function begin() {
  hold(); // a pong that took no time tells the offset exactly
  Line.opened = [];
  seen = { statuses: [], rooms: 0, events: [], playbacks: [], refused: [], signals: [], tickets: 0 };
}

/** Start a session whose connections are opened as `Line`s. */
export function session({ join, ...options } = {}) {
  const made = new Session({
    ...options,
    join: join ?? (async () => ({ ticket: `ticket-${(seen.tickets += 1)}`, socket_url: "ws://sync/ws/p17" })),
    open: Line.open,
    random: () => 0.5,
    on: {
      status: (name, detail) => seen.statuses.push([name, detail]),
      room: () => (seen.rooms += 1),
      event: (one) => seen.events.push(one.type),
      playback: (playback) => seen.playbacks.push(playback),
      refused: (error) => seen.refused.push(error.code),
      signal: (signal) => seen.signals.push(signal.type),
    },
  });
  made.start();
  return made;
}

/** Start a session, and welcome it. */
export async function live(options) {
  const made = session(options);
  await settle();
  Line.opened.at(-1).accept().say(WELCOME);
  return made;
}

/** Return the names of the statuses told. */
export const names = () => seen.statuses.map(([name]) => name);
