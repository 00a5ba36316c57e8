// Who may sign in: the demo viewers, and whoever enters an e-mail address of their own.

import { randomUUID } from 'node:crypto';

// Deliberately loose: it catches slips of the finger; whether mail arrives is shown by the mail itself.
const EMAIL = /^[^\s@<>]{1,64}@[^\s@<>]+\.[^\s@<>.]{2,}$/u;

export class Viewers {
  #listed;

  #statements;

  constructor(listed, db) {
    this.#listed = listed;
    this.#statements = {
      bySub: db.prepare('SELECT sub, name, email, locale FROM newcomers WHERE sub = ?'),
      byEmail: db.prepare('SELECT sub, name, email, locale FROM newcomers WHERE email = ?'),
      add: db.prepare('INSERT INTO newcomers (sub, name, email, locale) VALUES (?, ?, ?, ?)'),
    };
  }

  get listed() { return this.#listed; }

  find(sub) {
    return this.#listed.find((viewer) => viewer.sub === sub) ?? this.#statements.bySub.get(sub);
  }

  /** The viewer with this address; a new one if nobody has it; undefined if it is no address. */
  withEmail(input, locale) {
    const email = input.trim().toLowerCase();
    if (email.length > 254 || !EMAIL.test(email)) return undefined;
    const known = this.#listed.find((viewer) => viewer.email === email) ?? this.#statements.byEmail.get(email);
    if (known) return known;
    const local = email.split('@')[0];
    const viewer = { sub: randomUUID(), name: local[0].toUpperCase() + local.slice(1), email, locale };
    this.#statements.add.run(viewer.sub, viewer.name, viewer.email, viewer.locale);
    return viewer;
  }
}

/** The claims of OpenID Connect Core 1.0, section 5.1. */
export const claimsOf = ({ sub, name, email, locale }) => ({ sub, name, email, email_verified: true, locale });
