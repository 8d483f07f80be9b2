import type { Secret } from '@medrex/privacy';

/** The user with which clients log in at an upstream. */
export interface Identity {
  /** Undefined: any. */
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly as: string;
  readonly password: Secret | undefined;
}

/** The map of `identities`, followed by databases with a user of their own. */
export class Identities {
  readonly #own: readonly Identity[];
  readonly #ofDatabases: ReadonlyMap<string, Identity>;
  /** By upstream user: the databases and passwords, without duplicates, because each login needs them. */
  readonly #passwords = new Map<string, Pick<Identity, 'database' | 'password'>[]>();

  constructor(own: readonly Identity[], ofDatabases: ReadonlyMap<string, Identity>) {
    this.#own = own;
    this.#ofDatabases = ofDatabases;
    const seen = new Set<string>();
    for (const { as, database, password } of own) {
      const key = JSON.stringify([as, database, password?.reveal()]);
      if (seen.has(key)) continue;
      seen.add(key);
      const known = this.#passwords.get(as) ?? [];
      known.push({ database, password });
      this.#passwords.set(as, known);
    }
  }

  /**
   * Undefined: the client logs in under its own name.
   *
   * @param key of the database in the configuration; `*` where that stands for it
   */
  find(user: string, database: string, key: string): Identity | undefined {
    const own = this.#own.find((one) => (one.user === undefined || one.user === user) && isFor(one, database));
    return own ?? this.#ofDatabases.get(key);
  }

  /** The passwords configured for that user, for any client of that database; without duplicates, undefined where none is given. */
  passwordsOf(as: string, database: string, key: string): readonly (string | undefined)[] {
    const own = this.#passwords.get(as)?.filter((one) => isFor(one, database)) ?? [];
    const last = this.#ofDatabases.get(key);
    const all = last?.as === as ? [...own, last] : own;
    return [...new Set(all.map(({ password }) => password?.reveal()))];
  }
}

function isFor({ database }: Pick<Identity, 'database'>, name: string): boolean {
  return database === undefined || database === name;
}
