export interface SqlFailureOptions {
  /** The server's own number of it. */
  readonly sqlcode?: number | undefined;
  readonly sqlstate?: string | undefined;
  /** The connection is of no use any more. */
  readonly isFatal?: boolean;
  readonly cause?: unknown;
}

/** What a server, or the way to it, answered in place of a result. */
export class SqlFailure extends Error {
  readonly sqlcode: number | undefined;
  readonly sqlstate: string | undefined;
  readonly isFatal: boolean;

  constructor(message: string, { sqlcode, sqlstate, isFatal = false, cause }: SqlFailureOptions = {}) {
    super(message, { cause });
    this.name = 'SqlFailure';
    this.sqlcode = sqlcode;
    this.sqlstate = sqlstate;
    this.isFatal = isFatal;
  }
}
