/** 1840-12-31, day 0 of IRIS, to 2000-01-01, day 0 of PostgreSQL. */
const daysBetweenEpochs = 58_074;

/** A DATE of IRIS in its logical form, as PostgreSQL counts days. */
export function pgDaysOfIris(days: number): number {
  return days - daysBetweenEpochs;
}

export function irisDaysOfPg(days: number): number {
  return days + daysBetweenEpochs;
}

const posixOffset = 2n ** 60n;
/** 1970 to 2000, in microseconds. */
const pgEpochMicros = 946_684_800_000_000n;

/** %PosixTime counts microseconds from 1970; before, without the offset that keeps later ones in order. */
export function pgMicrosOfPosixTime(posix: bigint): bigint {
  return (posix >= 0n ? posix - posixOffset : posix + posixOffset * 6n) - pgEpochMicros;
}

/** Asks IRIS, on another connection, to end what a process runs. Undefined where the id is none. */
export function cancelQuery(process: string, timeoutSeconds?: number): string | undefined {
  if (!/^\d{1,20}$/.test(process)) return undefined;
  return `CANCEL QUERY ${process}${timeoutSeconds === undefined ? '' : ` TIMEOUT ${Math.trunc(timeoutSeconds)}`}`;
}
