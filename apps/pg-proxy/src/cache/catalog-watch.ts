import { catalogQuery, definitionsQuery, readCatalogRows, type CatalogRows } from '@medrex/cache';
import type { BackendLogin, LoggedIn } from '../upstream/backend-login.ts';
import { WatchConnection } from './watch-connection.ts';
import { markPresent, presenceQuery, readPresence, type Presence } from './presence.ts';

/** Changes at the server, whoever makes them. */
export interface CatalogEvents {
  /** The definitions, after all changes reported before. */
  loaded(rows: CatalogRows): void;
  /** Another session has changed definitions. */
  redefined(): void;
  /** Nothing had changed at that time. */
  unchanged(askedAtMs: number): void;
  /** From now on changes made by others are seen. Earlier ones may have been missed. */
  listening(): void;
  /** The payload of a NOTIFY. */
  notified(payload: string): void;
  /** The instances that are connected to the database. */
  present(instances: Presence): void;
  /** From now on changes made by others are not seen. */
  lost(): void;
}

export interface CatalogWatchOptions {
  readonly events: CatalogEvents;
  readonly logIn: (loggedIn: (session: LoggedIn) => void, failed: () => void) => BackendLogin;
  readonly pollMs: number;
  readonly channel: string;
  /** This instance's number among several: the server shows it for as long as this connection is open. */
  readonly instance: number | undefined;
}

const retryMs = 2_000;
/** The shortest time between two checks, in ms. */
const checkPauseMs = 1_000;
/** How long the proxy stays out of a database that somebody needs without sessions, in ms; DROP DATABASE waits 5 s for others to leave. */
const awayMs = 10_000;
/** A query unanswered for this long means that the connection is dead; in ms. */
const answerTimeoutMs = 15_000;
const settings = `SET application_name TO 'medrex pg-proxy cache'; SET search_path TO ''; SET jit TO off; SET statement_timeout TO ${answerTimeoutMs}`;

/**
 * One connection to a server whose answers are cached: it reads the definitions, checks regularly whether they have changed, and listens
 * for notifications. While it is down, nothing is cached.
 */
export class CatalogWatch {
  readonly #options: CatalogWatchOptions;
  #login: BackendLogin | undefined;
  #connection: WatchConnection | undefined;
  #definitions: string | undefined;
  #nextAtMs = 0;
  #checkedAtMs = -Infinity;
  #askedAtMs: number | undefined;
  #isLoading = false;
  #mustLoad = false;
  #isClosed = false;
  readonly #onProcessEnd = new Map<number, (() => void)[]>();

  constructor(options: CatalogWatchOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  tick(nowMs: number): void {
    if (this.#askedAtMs !== undefined && nowMs - this.#askedAtMs > answerTimeoutMs) this.#connection?.destroy();
    if (nowMs < this.#nextAtMs || this.#isClosed) return;
    if (this.#connection === undefined) this.#connect(nowMs);
    else this.#poll(nowMs);
  }

  /** Reads everything again, because something was defined. */
  load(): void {
    this.#mustLoad = true;
    if (this.#isLoading || this.#connection === undefined) return;
    this.#isLoading = true;
    this.#mustLoad = false;
    this.#queryPresence();
    // Definitions first: a change in between is seen at the next check.
    this.#connection.query(definitionsQuery, (rows) => (this.#definitions = rows?.[0]));
    this.#connection.query(catalogQuery, (rows) => this.#loaded(rows?.[0]));
  }

  /** Something may have been defined unseen: checks soon. */
  checkSoon(nowMs: number): void {
    this.#nextAtMs = Math.min(this.#nextAtMs, Math.max(nowMs, this.#checkedAtMs + checkPauseMs));
  }

  /** Calls back when that server process is gone. */
  whenGone(processId: number, then: () => void): void {
    this.#onProcessEnd.set(processId, [...(this.#onProcessEnd.get(processId) ?? []), then]);
  }

  /** Leaves the database for a while, because somebody needs it without sessions. */
  leave(nowMs: number): void {
    this.#nextAtMs = nowMs + awayMs;
    this.#end();
  }

  /** The server may be another one. */
  reconnect(nowMs: number): void {
    this.#nextAtMs = nowMs;
    this.#end();
  }

  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  #end(): void {
    this.#login?.abort();
    this.#login = undefined;
    this.#connection?.close();
  }

  #connect(nowMs: number): void {
    if (this.#login !== undefined) return;
    this.#nextAtMs = nowMs + retryMs;
    this.#login = this.#options.logIn(
      (session) => this.#connected(session, nowMs),
      () => (this.#login = undefined),
    );
  }

  #connected(session: LoggedIn, nowMs: number): void {
    this.#login = undefined;
    const { events, channel, pollMs, instance } = this.#options;
    this.#connection = new WatchConnection(session, {
      notified: (payload) => events.notified(payload),
      closed: () => this.#lost(),
    });
    this.#nextAtMs = nowMs + pollMs;
    this.#connection.query(settings, () => undefined);
    if (instance !== undefined) this.#connection.query(markPresent(instance), () => undefined);
    this.#connection.query(`LISTEN "${channel.replaceAll('"', '""')}"`, () => events.listening());
    this.load();
  }

  #lost(): void {
    this.#connection = undefined;
    this.#isLoading = false;
    this.#askedAtMs = undefined;
    this.#definitions = undefined;
    if (!this.#isClosed) this.#options.events.lost();
  }

  #loaded(text: string | undefined): void {
    this.#isLoading = false;
    if (this.#mustLoad) return this.load();
    if (text === undefined) this.#connection?.destroy();
    else this.#options.events.loaded(readCatalogRows(text));
  }

  #poll(nowMs: number): void {
    if (this.#askedAtMs !== undefined) return;
    this.#nextAtMs = nowMs + this.#options.pollMs;
    this.#checkedAtMs = nowMs;
    this.#askedAtMs = nowMs;
    this.#connection?.query(definitionsQuery, ([definitions] = []) => {
      this.#askedAtMs = undefined;
      if (definitions === undefined || this.#isLoading) return;
      const { events } = this.#options;
      if (definitions === this.#definitions) return events.unchanged(nowMs);
      events.redefined();
      this.load();
    });
    if (this.#onProcessEnd.size > 0) this.#queryEndedProcesses();
    this.#queryPresence();
  }

  #queryPresence(): void {
    if (this.#options.instance === undefined) return;
    this.#connection?.query(presenceQuery, (rows) => {
      const presence = readPresence(rows?.[0]);
      if (presence !== undefined) this.#options.events.present(presence);
    });
  }

  #queryEndedProcesses(): void {
    const asked = [...this.#onProcessEnd.keys()];
    const text = `SELECT pid FROM pg_catalog.pg_stat_activity WHERE pid IN (${asked.join(',')})`;
    this.#connection?.query(text, (rows) => {
      for (const processId of rows === undefined ? [] : asked) {
        if (rows?.includes(String(processId)) === true) continue;
        for (const then of this.#onProcessEnd.get(processId) ?? []) then();
        this.#onProcessEnd.delete(processId);
      }
    });
  }
}
