/** The instances connected to a database, and its running transactions. */
export interface Presence {
  readonly instances: ReadonlySet<string>;
  /** Every transaction with a lower number has ended. */
  readonly endedBelow: number;
  /** Every transaction that starts from now on has this number or a higher one. */
  readonly next: number;
}

/** The class of these advisory locks; a client's own lock would hit it only by chance. */
const lockClass = 0x6d656478;

/**
 * Shows the server, and all who ask it, that an instance is connected, until its connection ends; the server notices within a minute if a
 * machine is gone.
 */
export const markPresent = (instance: number): string =>
  `SET tcp_keepalives_idle TO 20; SET tcp_keepalives_interval TO 10; SET tcp_keepalives_count TO 4;
   SELECT pg_catalog.pg_advisory_lock_shared(${lockClass}, ${instance})`;

export const presenceQuery = `
select pg_catalog.concat_ws(' ', pg_catalog.txid_snapshot_xmin(s), pg_catalog.txid_snapshot_xmax(s), (
  select pg_catalog.string_agg(objid::text, ' ') from pg_catalog.pg_locks
  where locktype = 'advisory' and classid = ${lockClass} and objsubid = 2 and granted
    and database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())))
from pg_catalog.txid_current_snapshot() s`;

/** Undefined: the server refused. */
export function readPresence(row: string | undefined): Presence | undefined {
  const [endedBelow, next, ...instances] = row?.split(' ') ?? [];
  if (endedBelow === undefined || next === undefined) return undefined;
  return { endedBelow: Number(endedBelow), next: Number(next), instances: new Set(instances) };
}

/** A connected instance may lose its connection for a moment; in ms. */
const absentMs = 5_000;

/** Determines which instances have ended, as seen by one database: they are gone, and so are the transactions that they had begun. */
export class InstancePresence {
  #last: Presence | undefined;
  /** When each was first seen to be missing, and the next transaction number then. */
  readonly #gone = new Map<string, { readonly sinceMs: number; readonly next: number }>();

  /** @returns the instances that are connected */
  update(presence: Presence): Iterable<string> {
    this.#last = presence;
    for (const instance of presence.instances) this.#gone.delete(instance);
    return presence.instances;
  }

  /** Nothing of that database is cached until it is seen again. */
  lost(): void {
    this.#last = undefined;
    this.#gone.clear();
  }

  /** To be asked again after another look, for as long as the instance is silent. */
  hasEnded(instance: string, nowMs: number): boolean {
    const last = this.#last;
    if (last === undefined) return true;
    if (last.instances.has(instance)) return false;
    const gone = this.#gone.get(instance);
    if (gone === undefined) this.#gone.set(instance, { sinceMs: nowMs, next: last.next });
    if (gone === undefined || nowMs - gone.sinceMs < absentMs || last.endedBelow < gone.next) return false;
    return this.#gone.delete(instance);
  }
}
