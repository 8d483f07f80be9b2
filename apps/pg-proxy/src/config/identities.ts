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
    const own = this.#own.find(
      (one) =>
        (one.user === undefined || one.user === user) && (one.database === undefined || one.database === database),
    );
    return own ?? this.#ofDatabases.get(key);
  }
}
