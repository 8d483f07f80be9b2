import type { PoolScope } from '@medrex/pool';
import type { Client } from './client.ts';

/** When clients go; times in ms. */
export interface DeparturePlan {
  /** A client that has asked nothing for so long goes first: whoever pools it looks at it before using it again. */
  readonly quietMs: number;
  /** From then on clients go with the answer that ends their transaction. */
  readonly boundaryAfterMs: number;
}

interface Drain extends DeparturePlan {
  readonly database?: string | undefined;
  /** These and nobody who comes later, in place of those of a database. */
  readonly clients?: Set<Client>;
  readonly sinceMs: number;
}

/** How many clients were sent away, and how; only grows. */
export interface DepartureCounts {
  /** Between transactions, after they had been quiet, or when they looked whether the connection is there. */
  quiet: number;
  /** With the answer that ended a transaction. */
  boundary: number;
  /** Of all of them, those whose next statement was on its way when they were told: it was not run. */
  crossed: number;
}

/** A client that has been told is listened to for so long: closed at once, what it had not read yet would be lost. */
const lingerMs = 2_000;
const terminate = 0x58;

/**
 * Sends clients of a drained proxy or database away when nothing of theirs is under way. There is no message by which a server asks a
 * client to leave, so whoever is told while his next statement is on its way loses it. It is rare for one that has been quiet, and cannot
 * happen to one that is told in the same packet as the end of its transaction and looks at what it got before it sends again.
 */
export class Departures {
  readonly counts: DepartureCounts = { quiet: 0, boundary: 0, crossed: 0 };
  readonly #clients: ReadonlySet<Client>;
  #drains: Drain[] = [];
  #atBoundary = false;

  constructor(clients: ReadonlySet<Client>) {
    this.#clients = clients;
  }

  /** Whether somebody is to go with the end of a transaction. */
  get atBoundary(): boolean {
    return this.#atBoundary;
  }

  get isDraining(): boolean {
    return this.#drains.length > 0;
  }

  begin({ database }: PoolScope, plan: DeparturePlan, nowMs: number): void {
    this.callOff({ database });
    this.#drains.push({ ...plan, database, sinceMs: nowMs });
    this.#atBoundary ||= plan.boundaryAfterMs === 0;
  }

  /** These go, whatever is called off. */
  sendAway(clients: Iterable<Client>, plan: DeparturePlan, nowMs: number): void {
    this.#drains.push({ ...plan, clients: new Set(clients), sinceMs: nowMs });
    this.#atBoundary ||= plan.boundaryAfterMs === 0;
  }

  callOff({ database }: PoolScope): void {
    this.#drains = this.#drains.filter(
      (drain) => drain.clients !== undefined || (database !== undefined && drain.database !== database),
    );
    this.#atBoundary = this.#atBoundary && this.#drains.length > 0;
  }

  /** This client's transaction has ended just now. */
  rested(client: Client, nowMs: number): void {
    const drain = this.#drainOf(client);
    if (drain === undefined || nowMs - drain.sinceMs < drain.boundaryAfterMs || !client.isQuiet) return;
    this.counts.boundary++;
    this.#depart(client);
  }

  /** Its pool looks whether the connection is there before it uses it: told that it is not, it takes another one, and loses nothing. */
  probed(client: Client, nowMs: number): boolean {
    const drain = this.#drainOf(client);
    const { backend } = client;
    if (drain === undefined || backend?.isIdle === false) return false;
    if (backend !== undefined && nowMs - drain.sinceMs < drain.boundaryAfterMs) return false;
    this.counts.quiet++;
    this.#depart(client);
    return true;
  }

  /** Looks who can go; called by a timer, so that the event loop polls before what is decided here is done. Cheap while nothing is drained. */
  sweep(nowMs: number): void {
    if (this.#drains.length === 0) return;
    this.#drains = this.#drains.filter(({ clients }) => clients === undefined || this.#areLeft(clients));
    this.#atBoundary = this.#drains.some((drain) => nowMs - drain.sinceMs >= drain.boundaryAfterMs);
    const quiet = [...this.#clients].filter((client) => this.#mayGo(client, nowMs));
    if (quiet.length === 0) return;
    // What has arrived already is read before anybody is told.
    setImmediate(() => {
      for (const client of quiet) {
        if (!this.#mayGo(client, nowMs)) continue;
        this.counts.quiet++;
        this.#depart(client);
      }
    });
  }

  #mayGo(client: Client, nowMs: number): boolean {
    const drain = this.#drainOf(client);
    if (drain === undefined || !client.isQuiet) return false;
    // Who has left something in his session would miss it.
    if (client.backend !== undefined && nowMs - drain.sinceMs < drain.boundaryAfterMs) return false;
    return nowMs - client.restedAtMs >= drain.quietMs && nowMs - client.heardAtMs >= drain.quietMs;
  }

  #areLeft(clients: Set<Client>): boolean {
    for (const client of clients) if (!this.#clients.has(client)) clients.delete(client);
    return clients.size > 0;
  }

  #drainOf(client: Client): Drain | undefined {
    return this.#drains.find(
      ({ clients, database }) => clients?.has(client) ?? (database === undefined || database === client.database),
    );
  }

  #depart(client: Client): void {
    const { socket } = client;
    let isFirst = true;
    client.depart((chunk) => {
      if (isFirst && chunk[0] !== terminate) this.counts.crossed++;
      isFirst = false;
    });
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  }
}
