// What outlives a restart of the provider: signing keys in a file, sign-ins and newcomers in SQLite.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS records (
    model TEXT NOT NULL,
    id TEXT NOT NULL,
    payload TEXT NOT NULL,
    grant_id TEXT,
    uid TEXT,
    user_code TEXT,
    expires_at INTEGER,
    PRIMARY KEY (model, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_grant ON records (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS records_uid ON records (model, uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS records_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS newcomers (
    sub TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    locale TEXT NOT NULL
  ) STRICT;
`;

// The library drops what is past its own clock tolerance; keeping rows this much longer leaves the judgement to it.
const GRACE_S = 60;

const nowS = () => Math.floor(Date.now() / 1000);

export function openStore(directory) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(directory, 'identity.sqlite'));
  db.exec(SCHEMA);
  return db;
}

/** An adapter factory for oidc-provider: each of its models keeps its records as rows of one table. */
export function createAdapter(db) {
  const statements = {
    upsert: db.prepare(`
      INSERT INTO records (model, id, payload, grant_id, uid, user_code, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
        uid = excluded.uid, user_code = excluded.user_code, expires_at = excluded.expires_at`),
    find: db.prepare('SELECT payload FROM records WHERE model = ? AND id = ?'),
    findByUid: db.prepare('SELECT payload FROM records WHERE model = ? AND uid = ?'),
    findByUserCode: db.prepare('SELECT payload FROM records WHERE model = ? AND user_code = ?'),
    consume: db.prepare("UPDATE records SET payload = json_set(payload, '$.consumed', ?) WHERE model = ? AND id = ?"),
    destroy: db.prepare('DELETE FROM records WHERE model = ? AND id = ?'),
    revoke: db.prepare('DELETE FROM records WHERE grant_id = ?'),
  };
  const parsed = (row) => (row ? JSON.parse(row.payload) : undefined);

  return (model) => ({
    async upsert(id, payload, expiresIn) {
      const expiresAt = expiresIn === undefined ? null : nowS() + Math.ceil(expiresIn) + GRACE_S;
      const { grantId = null, uid = null, userCode = null } = payload;
      statements.upsert.run(model, id, JSON.stringify(payload), grantId, uid, userCode, expiresAt);
    },
    async find(id) { return parsed(statements.find.get(model, id)); },
    async findByUid(uid) { return parsed(statements.findByUid.get(model, uid)); },
    async findByUserCode(code) { return parsed(statements.findByUserCode.get(model, code)); },
    async consume(id) { statements.consume.run(nowS(), model, id); },
    async destroy(id) { statements.destroy.run(model, id); },
    async revokeByGrantId(grantId) { statements.revoke.run(grantId); },
  });
}

export function dropExpired(db) {
  db.prepare('DELETE FROM records WHERE expires_at < ?').run(nowS());
}

/** The key set (private JWKs, the first one signs) and the keys that sign cookies; made once, then read again. */
export function loadKeys(directory) {
  const path = join(directory, 'keys.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw new Error(`the keys in ${path} cannot be read: ${error.message}`);
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: randomBytes(8).toString('hex') };
  const keys = { jwks: { keys: [jwk] }, cookies: [randomBytes(32).toString('base64url')] };
  writeFileSync(`${path}.new`, JSON.stringify(keys, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return keys;
}
