import assert from "node:assert/strict";
import { test } from "node:test";

import { joinBy } from "../../../api_service/static/widget/core/socket.js";

test("joinBy posts, reads the ticket, and turns problem documents into final and passing failures", async () => {
  const answering = (status, body, headers = {}) => async (url, options) => {
    assert.deepEqual([url, options.method], ["/join", "POST"]);
    return new Response(JSON.stringify(body), { status, headers });
  };
  assert.deepEqual(await joinBy("/join", { fetch: answering(200, { ticket: "t" }) })(), { ticket: "t" });
  const failure = async (status, body, headers) => {
    try {
      await joinBy("/join", { fetch: answering(status, body, headers) })();
    } catch (error) {
      return [error.code, error.final, error.retryAfterMs];
    }
    return null;
  };
  assert.deepEqual(await failure(410, { code: "room_closed" }), ["room_closed", true, 0]);
  assert.deepEqual(await failure(403, { code: "not_invited" }), ["not_invited", true, 0]);
  assert.deepEqual(await failure(503, { code: "database_unavailable" }, { "Retry-After": "2" }), ["database_unavailable", false, 2000]);
  assert.deepEqual(await failure(502, {}), ["http_502", false, 0]);
});

test("with a token joinBy sends it instead of cookies, and asks once for a new one if it is refused", async () => {
  const sent = [];
  const asked = [];
  const token = async (options) => `t${asked.push(options)}`;
  const answering = (...statuses) => async (_url, { headers, credentials }) => {
    sent.push([headers.Authorization, credentials]);
    return new Response(JSON.stringify({ code: "invalid_token", ticket: "t" }), { status: statuses.shift() });
  };
  assert.equal((await joinBy("/join", { fetch: answering(401, 200), token })()).ticket, "t");
  assert.deepEqual(sent, [["Bearer t1", "omit"], ["Bearer t2", "omit"]]);
  assert.deepEqual(asked, [{ refused: false }, { refused: true }]);

  await assert.rejects(joinBy("/join", { fetch: answering(401, 401, 200), token })(), { code: "invalid_token", final: true });
  const signedOut = async () => { throw new Error("signed out"); };
  await assert.rejects(joinBy("/join", { fetch: answering(200), token: signedOut })(), { message: "signed out" });
});
