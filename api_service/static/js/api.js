/** The JSON API as the pages call it. Every failure is an ApiProblem with words for a person. */
import { text } from "./texts.js";

const PREFIX = "/api/v1";

/** A problem document (RFC 9457), or no answer at all (code `offline`). */
export class ApiProblem extends Error {
  constructor(code, { status = 0, detail = "", errors = [] } = {}) {
    super(detail || code);
    this.name = "ApiProblem";
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.errors = errors;
  }

  get title() {
    return text(`problem.${this.code}`, {}, text(this.code === "offline" ? "offline" : "problem.internal_error"));
  }

  get remedy() {
    const own = text(`problem.${this.code}.text`, {}, "");
    return own || (this.code === "offline" ? text("offline.text") : this.detail || text("problem.internal_error.text"));
  }
}

/** Calls the API; gives the JSON answer, or null where there is none. Throws an ApiProblem. */
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

/** Every item of a list that comes in pages. */
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

/** A key under which repeating an order has no second effect. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
