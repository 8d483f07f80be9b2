import type { Report } from '@medrex/pg-wire';
import { positionOfUnknown, sqlstateOf, type SqlFault } from '@medrex/sql';
import { SqlFailure } from '@medrex/sql-driver';

/** An error for the client, which ends the statement. */
export class SessionFault extends Error {
  readonly report: Report;

  constructor(sqlstate: string, message: string, more: Partial<Report> = {}) {
    super(message);
    this.report = { severity: 'ERROR', sqlstate, message, ...more };
  }
}

export function faultOf({ sqlstate, message, position, hint }: SqlFault): SessionFault {
  return new SessionFault(sqlstate, message, {
    ...(position !== undefined && { position: String(position) }),
    ...(hint !== undefined && { hint }),
  });
}

/**
 * The report of an error in PostgreSQL's words; errors other than the server's are internal ones (XX000).
 * @param asked the text that failed, to find the position of a name that IRIS does not know
 */
export function reportOf(error: unknown, asked = ''): Report {
  if (error instanceof SessionFault) return error.report;
  if (!(error instanceof SqlFailure)) {
    const message = error instanceof Error ? error.message : 'unknown';
    return { severity: 'ERROR', sqlstate: 'XX000', message: `pg-proxy failed: ${message}` };
  }
  const sqlstate = stateOf(error);
  const kind = unknownKinds.get(sqlstate);
  const position = kind === undefined ? undefined : positionOfUnknown(asked, kind, error.message);
  return {
    severity: error.isFatal ? 'FATAL' : 'ERROR',
    sqlstate,
    message: error.message,
    ...(position !== undefined && { position: String(position) }),
    ...(error.sqlcode !== undefined && { detail: `SQLCODE ${error.sqlcode}` }),
  };
}

const unknownKinds: ReadonlyMap<string, 'column' | 'table'> = new Map([
  ['42703', 'column'],
  ['42P01', 'table'],
]);

/** The SQLSTATE of a failure, by its SQLCODE, which is more specific than the driver's SQLSTATE. */
function stateOf({ sqlcode, sqlstate, message }: SqlFailure): string {
  if (sqlcode !== undefined) return sqlstateOf(-Math.abs(sqlcode), message);
  if (/SQLCODE/i.test(message)) return sqlstateOf(undefined, message);
  return sqlstate !== undefined && /^[0-9A-Z]{5}$/.test(sqlstate) ? sqlstate : sqlstateOf(undefined, message);
}
