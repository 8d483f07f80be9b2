import type { WireFault } from '@medrex/pg-wire';
import type { UserSecret, Users } from '../config/user-file.ts';
import { LoginRefused } from '../upstream/query-connection.ts';

/** Undefined secret: there is no such user. A fault: it could not be found out. */
export type SecretLookup = { readonly secret: UserSecret | undefined } | { readonly fault: WireFault };

/** Asks for a user's secret; undefined: there is no such user, or it cannot log in with a password. */
export type AskSecret = (user: string, database: string) => Promise<UserSecret | undefined>;

export interface UserSecretsOptions {
  readonly users: Users;
  readonly query:
    | {
        /** Answers that are kept. */
        readonly max: number;
        readonly ask: AskSecret;
        keyOf(database: string): string;
        /** How long an answer is good for. */
        ttlMsOf(database: string): number;
      }
    | undefined;
  readonly now: () => number;
  /** A question failed; the error contains no secret. */
  readonly failed: (error: Error) => void;
}

interface Answer {
  readonly secret: UserSecret | undefined;
  readonly atMs: number;
}

const unavailable: WireFault = { sqlstate: '57P03', message: 'users cannot be looked up at the moment' };

/** A wrong password causes a new question, but not more often than this, in ms: guessing must not keep the upstream busy. */
const repeatAfterMs = 1_000;

/**
 * Users' secrets: from the file, then from the query at the upstream, whose answers are kept for a while. Clients that ask for the same
 * user meanwhile share one question; a failed one is not remembered.
 */
export class UserSecrets {
  readonly #options: UserSecretsOptions;
  /** The oldest first. */
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Map<string, ((found: SecretLookup) => void)[]>();
  #generation = 0;

  constructor(options: UserSecretsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** Calls `then` once; at once if the answer is known. */
  find(user: string, database: string, then: (found: SecretLookup) => void): void {
    const { users, query, now } = this.#options;
    const own = users.get(user);
    if (own !== undefined || query === undefined) return then({ secret: own });
    const key = JSON.stringify([query.keyOf(database), user]);
    const known = this.#answers.get(key);
    if (known !== undefined && now() - known.atMs < query.ttlMsOf(database)) return then(known);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return void waiting.push(then);
    this.#waiting.set(key, [then]);
    const asked = this.#generation;
    query.ask(user, database).then(
      (secret) => this.#answerAll(key, asked === this.#generation ? this.#remember(key, secret) : { secret }),
      (error: unknown) => {
        if (error instanceof LoginRefused) return this.#answerAll(key, { fault: error.report });
        this.#options.failed(error as Error);
        this.#answerAll(key, { fault: unavailable });
      },
    );
  }

  /** Answers may be outdated, including those that are on their way. */
  forget(): void {
    this.#answers.clear();
    this.#generation++;
  }

  /** A client failed to authenticate as this user, whose secret may have changed. */
  authFailed(user: string, database: string): void {
    const { query, now } = this.#options;
    if (query === undefined) return;
    const key = JSON.stringify([query.keyOf(database), user]);
    const known = this.#answers.get(key);
    if (known !== undefined && now() - known.atMs >= repeatAfterMs) this.#answers.delete(key);
  }

  #remember(key: string, secret: UserSecret | undefined): SecretLookup {
    const answer = { secret, atMs: this.#options.now() };
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > (this.#options.query?.max ?? 0) && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }

  #answerAll(key: string, found: SecretLookup): void {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const then of waiting) then(found);
  }
}
