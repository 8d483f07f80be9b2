import { Buffer } from 'node:buffer';
import { ownCopy, parameterStatus, type Report } from '@medrex/pg-wire';
import type { ServerReports } from '../session/backend/server-reports.ts';
import type { Client } from '../session/client/client.ts';

/** What a server reports about a session, by name. */
export type Parameters = ReadonlyMap<string, string>;
/** Undefined: the client that asked is gone. */
export type LearnResult = Parameters | Report | undefined;

/** For how many sets of settings the reports are remembered. */
const knownMax = 1_000;
/**
 * How long reports are current, in ms. A standby that is promoted reports it only when asked, and clients that look for a primary rely on
 * it.
 */
const freshForMs = 1_000;

/** The messages for many clients, encoded once. */
const encoded = new WeakMap<Parameters, Buffer>();

/** The ParameterStatus messages that a client gets at login. */
export function messagesOf(parameters: Parameters): Buffer {
  const known = encoded.get(parameters);
  if (known !== undefined) return known;
  const messages = ownCopy(Buffer.concat([...parameters].map(([name, value]) => parameterStatus({ name, value }))));
  encoded.set(parameters, messages);
  return messages;
}

/**
 * What a server reports at login, by pool and settings. The first client with given settings asks the server; clients that come meanwhile
 * take no backend and get the same reports. If the first one is refused, each of the others asks for itself, because the reason may concern
 * that client only; so does each if every client needs a process started with its settings.
 */
export class LoginReports {
  #known = new Map<string, { readonly parameters: Parameters; readonly atMs: number }>();
  /** By pool. */
  readonly #serverReports = new Map<string, ServerReports>();
  /** Clients that wait for what another one is learning, by the same key. */
  readonly #waiting = new Map<string, ((learnt: LearnResult) => void)[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  known(key: string): Parameters | undefined {
    return this.#known.get(key)?.parameters;
  }

  /** Whether the reports are recent. */
  isFresh(key: string, nowMs: number): boolean {
    const known = this.#known.get(key);
    return known !== undefined && nowMs - known.atMs < freshForMs;
  }

  /** What a server reports for unchanged settings; if that has changed, everything is asked again. */
  serverReported(pool: string, reports: ServerReports): void {
    if (this.#serverReports.get(pool) === reports) return;
    this.forget(pool);
    this.#serverReports.set(pool, reports);
  }

  /** The pool is gone, or gets other reports. */
  forget(pool: string): void {
    this.#serverReports.delete(pool);
    for (const key of this.#known.keys()) if (key.startsWith(`${pool}\0`)) this.#known.delete(key);
  }

  /** Everything remembered may be outdated. */
  clear(): void {
    this.#known = new Map();
  }

  /** @param then called once, perhaps much later @param waitingSinceMs when the client's wait began */
  learn(key: string, client: Client, then: (learnt: LearnResult) => void, waitingSinceMs = this.#now()): void {
    const ask = (tell: typeof then): void => this.#ask(key, client, tell, waitingSinceMs);
    const waiting = this.#waiting.get(key);
    // In session mode the client needs a backend anyway.
    if (client.mode === 'session') ask(then);
    else if (waiting === undefined) this.#askForAll(key, ask, then);
    else {
      client.extraCheckouts.awaitLearnt(then);
      waiting.push((learnt) => {
        if (client.hasLeft) return;
        if (learnt === undefined) this.learn(key, client, then, waitingSinceMs);
        else if ('sqlstate' in learnt || !this.#known.has(key)) ask(then);
        else client.extraCheckouts.learnt(learnt);
      });
    }
  }

  #askForAll(
    key: string,
    ask: (tell: (learnt: LearnResult) => void) => void,
    then: (learnt: LearnResult) => void,
  ): void {
    const waiting: ((learnt: LearnResult) => void)[] = [];
    this.#waiting.set(key, waiting);
    ask((learnt) => {
      this.#waiting.delete(key);
      then(learnt);
      for (const tell of waiting) tell(learnt);
    });
  }

  #ask(key: string, client: Client, then: (learnt: LearnResult) => void, waitingSinceMs: number): void {
    const known = this.#known;
    client.extraCheckouts.learn((learnt) => {
      if (learnt !== undefined && !('sqlstate' in learnt) && !client.session.settings.isOfProcess) {
        if (known.size >= knownMax) known.clear();
        known.set(key, { parameters: learnt, atMs: this.#now() });
      }
      then(learnt);
    }, waitingSinceMs);
  }
}
