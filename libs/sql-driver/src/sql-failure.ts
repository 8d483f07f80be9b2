export interface SqlFailureOptions {
  /** The server's native error number. */
  readonly sqlcode?: number | undefined;
  readonly sqlstate?: string | undefined;
  /** The connection is unusable. */
  readonly isFatal?: boolean;
  readonly cause?: unknown;
}

/** An error of the server, or of the connection to it. */
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
