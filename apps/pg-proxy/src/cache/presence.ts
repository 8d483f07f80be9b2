/** Instances that are at work in a database, and the transactions that are. */
export interface Presence {
  readonly instances: ReadonlySet<string>;
  /** Every transaction with a number below it has ended. */
  readonly endedBelow: number;
  /** Every transaction that begins from now on has this number or a higher one. */
  readonly next: number;
}

/** What those advisory locks of PostgreSQL have in common; a client's own would have to hit it by chance. */
const lockClass = 0x6d656478;

/**
 * Shows the server, and whoever asks it, that an instance is there, until its connection ends; a machine that is gone the server
 * finds out within a minute.
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

/** Undefined: the server said no. */
export function readPresence(row: string | undefined): Presence | undefined {
  const [endedBelow, next, ...instances] = row?.split(' ') ?? [];
  if (endedBelow === undefined || next === undefined) return undefined;
  return { endedBelow: Number(endedBelow), next: Number(next), instances: new Set(instances) };
}

/** One that is at work may have lost its connection for a moment. */
const absentMs = 5_000;

/** Which instances have ended, as one database sees it: they are not there any more, and neither is what they had begun. */
export class Presences {
  #last: Presence | undefined;
  /** When each was first seen to be gone, and the next transaction then. */
  readonly #gone = new Map<string, { readonly sinceMs: number; readonly next: number }>();

  /** @returns those that are there */
  saw(presence: Presence): Iterable<string> {
    this.#last = presence;
    for (const instance of presence.instances) this.#gone.delete(instance);
    return presence.instances;
  }

  /** Nothing is kept of that database until it is seen again. */
  lost(): void {
    this.#last = undefined;
    this.#gone.clear();
  }

  /** To be asked again after another look, as long as it is silent. */
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
