/** One stay in a room, from `connect()` to `disconnect()`: what the room says of it is shown over the film and told to the page. */
import { PLAYBACK_COMMANDS, Refusal } from "../core/commands.js";
import { mayControl } from "../core/permissions.js";
import { Session } from "../core/session.js";
import { isRunning, lengthOf } from "../core/timeline.js";
import { Viewing } from "../core/viewing.js";
import { takeControlRequests } from "./control-requests.js";
import { emit } from "./emit.js";
import { followLiveEdge } from "./live-edge.js";
import { takeMediaKeys } from "./media-keys.js";
import { textsFor } from "./translations.js";

/** Events that change what somebody may do, or how they are shown. */
const MEMBER_EVENTS = new Set(["member_joined", "member_changed", "member_left", "role_set", "muted", "host_changed", "settings_changed",
  "stepped_aside", "came_back", "film_changed"]);

/** Signals that nobody gets of people whom they have blocked. */
const OF_PEOPLE = new Set(["reacted", "typing"]);

export class Visit {
  /** The connection (core/session.js). */
  session;
  /** This viewer's player in the room (core/viewing.js); null on a second screen. @type {Viewing | null} */
  viewing = null;
  /** Why this viewer is out of the room for good, or null. @type {string | null} */
  endReason = null;
  /** {roomId, filmId}: the film of which the page was told last, here or in the stay before. */
  known;
  #element;
  #overlay;
  #notices;
  #refuse;
  #gone = new AbortController();

  /**
   * `element` is the <movie-together>; `join()` promises a ticket (core/socket.js); `lastActMs()` is the player's; `refuse(refusal, command)` shows and
   * tells that a command was refused.
   */
  constructor(element, { join, overlay, notices, lastActMs, refuse, known }) {
    this.#element = element;
    this.#overlay = overlay;
    this.#notices = notices;
    this.#refuse = refuse;
    this.known = known;
    const { media, secondScreen } = element;
    const { signal } = this.#gone;
    this.session = new Session({
      join,
      secondScreen,
      on: {
        status: this.#onStatus,
        room: this.#onRoom,
        event: this.#onEvent,
        signal: this.#onSignal,
        playback: () => this.viewing?.follow(),
        refused: ({ code, message }) => emit(element, "mt-error", { code, message, command: null }),
      },
    });
    if (media && !secondScreen) {
      this.viewing = new Viewing(media, {
        session: this.session,
        waits: element.waits,
        hidden: () => document.hidden,
        lastActMs,
        on: {
          command: (type, value) => this.#command(type, value),
          status: (status) => notices.player(status, { live: this.session.live }),
          tell: (type, fields) => element.ask(type, fields, { quiet: true }).catch(() => {}),
          aside: () => this.#onAside(),
        },
      });
      takeMediaKeys(media, { onCommand: this.#onControl, signal });
      followLiveEdge(element, { player: this.viewing.player, overlay, signal });
    }
    const takes = () => (this.viewing ? element.asideReason !== "ad" : element.secondScreen);
    takeControlRequests(element, { takes, onCommand: this.#onControl, signal });
    globalThis.addEventListener("online", this.#onOnline, { signal });
    // A lost network closes no socket: pings would notice only after a while.
    globalThis.addEventListener("offline", () => this.session.lostNetwork(), { signal });
    document.addEventListener("visibilitychange", this.#onVisibilityChange, { signal });
  }

  /** Enter the room. */
  start() {
    this.session.start();
  }

  /** Leave the room. */
  stop() {
    this.viewing?.stop();
    this.#notices.clear();
    this.#gone.abort();
    this.session.stop();
  }

  /** Send a command; return a promise of the room's answer, which rejects with a Refusal. */
  ask(type, fields, id) {
    const { state } = this.session;
    const code = this.endReason ?? (PLAYBACK_COMMANDS.has(type) && state && !mayControl(state) ? "forbidden" : null);
    return code ? Promise.reject(new Refusal({ code })) : this.session.command(type, fields, id);
  }

  // -- the viewer's commands --------------------------------------------------------------------------------------

  /** A command of the page's or the system's controls, which the player carries out first where there is one. */
  #onControl = (type, value) => {
    if (!mayControl(this.session.state) && this.#element.asideReason === null) this.#refuse(new Refusal({ code: "forbidden" }), type);
    else if (this.viewing) this.viewing.player.command(type, value);
    else this.#command(type, value);
  };

  #command(type, value) {
    const element = this.#element;
    const settle = () => this.viewing?.player.commandAnswered();
    if (type === "play" && this.#overlay.pressStart()) return void settle();
    const answered = {
      play: () => element.play(),
      pause: () => element.ask("pause", this.viewing ? { position_ms: this.viewing.positionMs } : {}),
      seek: () => element.seek(value),
      set_rate: () => element.setRate(value),
    }[type]();
    // A command that was superseded by a newer one settles with the newer one's answer.
    answered.then(settle, (refusal) => refusal.code !== "superseded" && settle());
  }

  // -- the room ---------------------------------------------------------------------------------------------------

  #onStatus = (name, detail) => {
    if (name === "live") {
      this.viewing?.reports.connected();
    } else if (name === "closed" || name === "stopped") {
      this.endReason = detail.reason;
      this.viewing?.end();
    }
    this.#notices.connection(name, detail, { entered: this.session.state !== null });
    this.#emit("mt-status", { status: name, reason: detail.reason ?? null, message: detail.error?.message ?? null });
    if (name === "closed") this.#emit("mt-closed", { reason: detail.reason });
  };

  #onRoom = (state) => {
    const { id: roomId, film } = state.room;
    const previousId = this.known?.roomId === roomId ? this.known.filmId : this.#element.getAttribute("film");
    this.known = { roomId, filmId: film.id };
    // It was changed while this viewer was not connected, or between the page's loading and its coming in.
    if (previousId && previousId !== film.id) this.#onFilm({ film, previous_film_id: previousId });
    this.viewing?.aside.settle(this.#showAside());
    this.#overlay.showStandstill(state);
    this.#emit("mt-room", state);
    this.#tellMembers(state);
    this.#tellState(state);
  };

  #onEvent = (event, state) => {
    this.#overlay.showStandstill(state);
    this.#emit("mt-event", event);
    if (event.type === "film_changed") this.#onFilm(event);
    if (event.type === "length_changed") this.#notices.filmDiffers(null); // the server tells again whose film differs
    if (event.type === "stepped_aside" || event.type === "came_back") {
      const known = this.#showAside();
      if (event.member_id === state.you?.id) this.viewing?.aside.heard(known);
    }
    if (event.type === "said") this.#emit("mt-message", event.message);
    if (MEMBER_EVENTS.has(event.type)) this.#tellMembers(state);
    if (event.playback || MEMBER_EVENTS.has(event.type)) this.#tellState(state);
  };

  #onSignal = (signal) => {
    if (this.#element.hasBlocked(signal.by) && OF_PEOPLE.has(signal.type)) return;
    if (signal.type === "reacted") this.#overlay.float(signal.emoji, this.session.state.names[signal.by] ?? textsFor(this.#element).someone);
    if (signal.type === "film_differs") this.#notices.filmDiffers(signal);
    this.#emit("mt-signal", signal);
  };

  /** The page loads the film, after which the player reports itself ready. */
  #onFilm({ film, previous_film_id: previousId }) {
    this.known = { roomId: this.session.state.room.id, filmId: film.id };
    this.viewing?.filmChanged();
    this.#notices.filmDiffers(null);
    this.#emit("mt-film", { film, previousId });
  }

  #onAside() {
    this.#showAside();
    const { reason, catchingUp } = this.viewing.aside;
    this.#emit("mt-aside", { reason, catchingUp });
  }

  /** Show that this viewer is aside, here or by another device of theirs; return what the room has of it. */
  #showAside() {
    const { members = [], you } = this.session.state ?? {};
    const known = members.find(({ id }) => id === you?.id)?.aside ?? null;
    const { reason = null, catchingUp = false } = this.viewing?.aside ?? {};
    const shown = reason ?? known?.reason ?? null;
    this.#overlay.showAside(shown && { reason: shown, catchingUp });
    return known;
  }

  #tellMembers({ members, you }) {
    this.#emit("mt-members", { members, you });
  }

  #tellState(state) {
    const { playback } = state;
    const running = isRunning(playback, this.session.now(), lengthOf(playback, state.room?.film));
    this.#emit("mt-state", { playback, positionMs: this.#element.positionMs, running, mayControl: mayControl(state) });
  }

  // -- the page ---------------------------------------------------------------------------------------------------

  #onOnline = () => {
    if (this.viewing?.player.failed) this.viewing.player.reload();
    if (!document.hidden) this.session.reconnectNow();
  };

  #onVisibilityChange = () => {
    if (this.viewing) this.viewing.reports.visible = !document.hidden;
    if (document.hidden) return;
    this.session.reconnectNow();
    this.viewing?.player.pageVisible();
  };

  #emit(name, detail) {
    emit(this.#element, name, detail);
  }
}
