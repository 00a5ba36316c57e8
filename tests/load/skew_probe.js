/** Notes where the player is every 20 ms, its frames and its rate changes, in wall-clock ms; and disturbs the connection when told to. */
{
  const wall = (ms = performance.now()) => performance.timeOrigin + ms;
  let noted = { samples: [], frames: [], rates: [] };
  const line = { delayMs: 0, jitterMs: 0, cut: false, waiting: [] };
  const watch = (video) => {
    setInterval(() => !video.seeking && noted.samples.push([wall(), video.currentTime * 1000]), 20);
    video.addEventListener("ratechange", () => noted.rates.push(wall()));
    const onFrame = (_, { expectedDisplayTime, mediaTime }) => {
      noted.frames.push([wall(expectedDisplayTime), mediaTime * 1000]);
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  };
  document.addEventListener("DOMContentLoaded", () => {
    const room = document.querySelector("movie-together");
    if (!room) return;
    watch(room.querySelector("video"));
    room.addEventListener("mt-room", () => { probe.enteredMs ??= wall(); });
  });
  const Native = WebSocket;
  let lastOut = 0, lastIn = 0;
  const due = (last) => Math.max(last, performance.now() + line.delayMs + (Math.random() * 2 - 1) * line.jitterMs);
  const after = (ms, act) => {
    if (line.cut) line.waiting.push(act);
    else if (line.delayMs === 0) act();
    else setTimeout(() => (line.cut ? line.waiting.push(act) : act()), ms - performance.now());
  };
  class Line extends Native {
    send(data) { lastOut = due(lastOut); after(lastOut, () => this.readyState === 1 && super.send(data)); }
    set onmessage(receive) { super.onmessage = (event) => { lastIn = due(lastIn); after(lastIn, () => receive(event)); }; }
  }
  globalThis.WebSocket = Line;
  globalThis.probe = {
    line,
    take() { const taken = noted; noted = { samples: [], frames: [], rates: [] }; return taken; },
    now: () => wall(),
    startsAt(room) { return room.room.playback.at_ms - room.serverMs + wall(); },
    mend() { line.cut = false; for (const act of line.waiting.splice(0)) act(); },
  };
}
