/** Time in a test's hands: `performance.now` and all timers stand still until `pass` moves them on. */
import { mock } from "node:test";

let nowMs = 1_000;

/** Take time into the hand, for one test after the other. */
export function hold() {
  mock.restoreAll();
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(performance, "now", () => nowMs);
}

/** Let time pass, a millisecond at a time: what a timer brings about is over before the next one is due. */
export async function pass(ms) {
  for (let n = 0; n < ms; n += 1) {
    nowMs += 1;
    mock.timers.tick(1);
    await new Promise(setImmediate);
  }
}
