import type { Secret } from '@medrex/privacy';

/** As whom clients log in at an upstream. */
export interface Identity {
  /** Undefined: any. */
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly as: string;
  readonly password: Secret | undefined;
}

/** The map of `identities` and, behind it, of databases with a user of their own. */
export class Identities {
  readonly #own: readonly Identity[];
  readonly #ofDatabases: ReadonlyMap<string, Identity>;

  constructor(own: readonly Identity[], ofDatabases: ReadonlyMap<string, Identity>) {
    this.#own = own;
    this.#ofDatabases = ofDatabases;
  }

  /**
   * Undefined: the client logs in as himself.
   *
   * @param key of the database in the configuration, `*` where that stands for it
   */
  find(user: string, database: string, key: string): Identity | undefined {
    return this.#of(database, key).find((one) => one.user === undefined || one.user === user);
  }

  /** What is said to be the secret of that user, for anybody in that database; each once, undefined where nothing is said. */
  passwordsOf(as: string, database: string, key: string): readonly (string | undefined)[] {
    const identities = this.#of(database, key).filter((one) => one.as === as);
    return [...new Set(identities.map(({ password }) => password?.reveal()))];
  }

  #of(database: string, key: string): readonly Identity[] {
    const last = this.#ofDatabases.get(key);
    const own = this.#own.filter((one) => one.database === undefined || one.database === database);
    return last === undefined ? own : [...own, last];
  }
}
