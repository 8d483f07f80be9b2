import { Buffer } from 'node:buffer';
import { parameterStatus, type Report } from '@medrex/pg-wire';
import type { ServerReports } from '../session/backend/server-reports.ts';
import type { Client } from '../session/client/client.ts';

/** What a server says that the settings of a session come to, by name. */
export type Parameters = ReadonlyMap<string, string>;
/** Undefined: whoever asked has gone. */
export type Learnt = Parameters | Report | undefined;

/** Sets of settings whose parameters are remembered. */
const rememberedMax = 1_000;
/** A standby that no longer is one says so when it is asked; clients that look for one that can be written to are told by this. */
const freshForMs = 1_000;

/** Those of many clients, written once. */
const written = new WeakMap<Parameters, Buffer>();

/** What a client is told at login of its session's parameters. */
export function messagesOf(parameters: Parameters): Buffer {
  const known = written.get(parameters);
  if (known !== undefined) return known;
  const messages = Buffer.concat([...parameters].map(([name, value]) => parameterStatus({ name, value })));
  written.set(parameters, messages);
  return messages;
}

/**
 * What a server reports at login, by pool and settings. The first client with them asks it; those who come meanwhile take no backend and
 * hear what the first has heard. Where it was refused, that may be for what it is alone, and each of them asks for itself, as it does where
 * each needs a process that begins with them.
 */
export class LoginReports {
  #known = new Map<string, { readonly parameters: Parameters; readonly atMs: number }>();
  /** By pool. */
  readonly #heard = new Map<string, ServerReports>();
  /** Who waits for what another client learns, by the same. */
  readonly #waiting = new Map<string, ((learnt: Learnt) => void)[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  known(key: string): Parameters | undefined {
    return this.#known.get(key)?.parameters;
  }

  /** Whether that was heard a moment ago. */
  isFresh(key: string, nowMs: number): boolean {
    const known = this.#known.get(key);
    return known !== undefined && nowMs - known.atMs < freshForMs;
  }

  /** What a server reports to that pool of a session in which nobody has set anything; where that was something else, all is asked anew. */
  heard(pool: string, reports: ServerReports): void {
    if (this.#heard.get(pool) === reports) return;
    this.forget(pool);
    this.#heard.set(pool, reports);
  }

  /** The pool is no more, or hears something else. */
  forget(pool: string): void {
    this.#heard.delete(pool);
    for (const key of this.#known.keys()) if (key.startsWith(`${pool}\0`)) this.#known.delete(key);
  }

  /** What holds from now on may be something else. */
  clear(): void {
    this.#known = new Map();
  }

  /**
   * @param then is called once, perhaps much later
   * @param cameAtMs since when it counts how long the client has waited
   */
  learn(key: string, client: Client, then: (learnt: Learnt) => void, cameAtMs = this.#now()): void {
    const ask = (tell: typeof then): void => this.#ask(key, client, tell, cameAtMs);
    const waiting = this.#waiting.get(key);
    // In session mode it needs a backend in any case.
    if (client.mode === 'session') ask(then);
    else if (waiting === undefined) this.#askForAll(key, ask, then);
    else {
      client.errands.awaitLearnt(then);
      waiting.push((learnt) => {
        if (client.hasLeft) return;
        if (learnt === undefined) this.learn(key, client, then, cameAtMs);
        else if ('sqlstate' in learnt || !this.#known.has(key)) ask(then);
        else client.errands.learnt(learnt);
      });
    }
  }

  #askForAll(key: string, ask: (tell: (learnt: Learnt) => void) => void, then: (learnt: Learnt) => void): void {
    const waiting: ((learnt: Learnt) => void)[] = [];
    this.#waiting.set(key, waiting);
    ask((learnt) => {
      this.#waiting.delete(key);
      then(learnt);
      for (const tell of waiting) tell(learnt);
    });
  }

  #ask(key: string, client: Client, then: (learnt: Learnt) => void, cameAtMs: number): void {
    const known = this.#known;
    client.errands.learn((learnt) => {
      if (learnt !== undefined && !('sqlstate' in learnt) && !client.session.settings.isOfProcess) {
        if (known.size >= rememberedMax) known.clear();
        known.set(key, { parameters: learnt, atMs: this.#now() });
      }
      then(learnt);
    }, cameAtMs);
  }
}
