import type { PoolScope } from '@medrex/pool';
import type { Client } from './client.ts';

/** When clients are sent away; times in ms. */
export interface DeparturePlan {
  /** A client that has been idle for this long goes first: a client-side pool tests such a connection before using it again. */
  readonly quietMs: number;
  /** From then on clients are sent away with the answer that ends their transaction. */
  readonly boundaryAfterMs: number;
}

interface Drain extends DeparturePlan {
  readonly database?: string | undefined;
  /** Only these clients, in place of all of a database. */
  readonly clients?: Set<Client>;
  readonly sinceMs: number;
}

/** How many clients were sent away, and how; counters. */
export interface DepartureCounts {
  /** Between transactions: after a quiet time, or when they probed the connection. */
  quiet: number;
  /** With the answer that ended a transaction. */
  boundary: number;
  /** How many of them had already sent their next statement, which was not run. */
  crossed: number;
}

/** How long a client that was sent away is still read: an immediate close could destroy answers that it had not read yet. */
const lingerMs = 2_000;
const terminate = 0x58;

/**
 * Sends the clients of a draining proxy or database away when nothing of theirs is running. The protocol has no message by which a server
 * asks a client to leave, so a client whose next statement is already on its way loses it. That is rare for a client that has been quiet,
 * and cannot happen to one that is told in the same packet as the end of its transaction and reads before it sends again.
 */
export class Departures {
  readonly counts: DepartureCounts = { quiet: 0, boundary: 0, crossed: 0 };
  readonly #clients: ReadonlySet<Client>;
  #drains: Drain[] = [];
  #atBoundary = false;

  constructor(clients: ReadonlySet<Client>) {
    this.#clients = clients;
  }

  /** Whether somebody is to go at the end of a transaction. */
  get atBoundary(): boolean {
    return this.#atBoundary;
  }

  get isDraining(): boolean {
    return this.#drains.length > 0;
  }

  drain({ database }: PoolScope, plan: DeparturePlan, nowMs: number): void {
    this.cancel({ database });
    this.#drains.push({ ...plan, database, sinceMs: nowMs });
    this.#atBoundary ||= plan.boundaryAfterMs === 0;
  }

  /** Sends these away, whatever is called off. */
  sendAway(clients: Iterable<Client>, plan: DeparturePlan, nowMs: number): void {
    this.#drains.push({ ...plan, clients: new Set(clients), sinceMs: nowMs });
    this.#atBoundary ||= plan.boundaryAfterMs === 0;
  }

  cancel({ database }: PoolScope): void {
    this.#drains = this.#drains.filter(
      (drain) => drain.clients !== undefined || (database !== undefined && drain.database !== database),
    );
    this.#atBoundary = this.#atBoundary && this.#drains.length > 0;
  }

  /** This client's transaction has just ended. */
  departIfIdle(client: Client, nowMs: number): void {
    const drain = this.#drainOf(client);
    if (drain === undefined || nowMs - drain.sinceMs < drain.boundaryAfterMs || !client.isQuiet) return;
    this.counts.boundary++;
    this.#depart(client);
  }

  /** The client's pool probes the connection before using it: told that it is gone, it opens another one and loses nothing. */
  departOnProbe(client: Client, nowMs: number): boolean {
    const drain = this.#drainOf(client);
    const { backend } = client;
    if (drain === undefined || backend?.isIdle === false) return false;
    if (backend !== undefined && nowMs - drain.sinceMs < drain.boundaryAfterMs) return false;
    this.counts.quiet++;
    this.#depart(client);
    return true;
  }

  /**
   * Looks for clients that can go. Called by a timer, so that the event loop reads sockets before the decision takes effect. Cheap while
   * nothing drains.
   */
  tick(nowMs: number): void {
    if (this.#drains.length === 0) return;
    this.#drains = this.#drains.filter(({ clients }) => clients === undefined || this.#areLeft(clients));
    this.#atBoundary = this.#drains.some((drain) => nowMs - drain.sinceMs >= drain.boundaryAfterMs);
    const quiet = [...this.#clients].filter((client) => this.#mayGo(client, nowMs));
    if (quiet.length === 0) return;
    // What has already arrived is read before anybody is told.
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
    // A client that has left something in its session would lose it.
    if (client.backend !== undefined && nowMs - drain.sinceMs < drain.boundaryAfterMs) return false;
    return nowMs - client.idleSinceMs >= drain.quietMs && nowMs - client.lastMessageAtMs >= drain.quietMs;
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
