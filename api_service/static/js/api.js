/** Calls of the JSON API. Every failure is an ApiProblem with a title and a remedy in the viewer's language. */
import { randomId } from "../widget/core/commands.js";
import { text } from "./page-texts.js";
import { ROOT } from "./root.js";

const PREFIX = `${ROOT}api/v1`;

/** A problem document (RFC 9457), or the lack of any answer (code `offline`). */
export class ApiProblem extends Error {
  constructor(code, { status = 0, detail = "", errors = [] } = {}) {
    super(detail || code);
    this.name = "ApiProblem";
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.errors = errors;
  }

  /** What went wrong. */
  get title() {
    return text(`problem.${this.code}`, {}, text(this.code === "offline" ? "offline" : "problem.internal_error"));
  }

  /** What the viewer can do about it. */
  get remedy() {
    const own = text(`problem.${this.code}.text`, {}, "");
    return own || (this.code === "offline" ? text("offline.text") : this.detail || text("problem.internal_error.text"));
  }
}

/** Call the API with a JSON `body` and an idempotency `key`; return the JSON answer or null. Throw an ApiProblem. */
export async function call(method, path, { body, key } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await fetch(PREFIX + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiProblem("offline");
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new ApiProblem(answer?.code ?? `http_${response.status}`, { status: response.status, ...answer });
}

/** Return a new idempotency key: requests repeated under it take effect once. */
export const newKey = randomId;

/** Return every item of a list that comes in pages. */
export async function callAll(path) {
  const items = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ limit: 1000, ...(cursor ? { cursor } : {}) });
    const page = await call("GET", `${path}${path.includes("?") ? "&" : "?"}${query}`);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}
