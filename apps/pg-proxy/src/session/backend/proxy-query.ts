import { losslessText, readDataRow, type WireFault } from '@medrex/pg-wire';
import type { Note } from './expected-answers.ts';

/** @param value the only column of the only row; undefined: there is none, and `sqlstate` says why, if the server did */
export type ValueCallback = (value: string | undefined, sqlstate: string | undefined) => void;

/** Text in a server whose encoding is SQL_ASCII need not be valid UTF-8. */
const encoding = `case pg_catalog.getdatabaseencoding() when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end`;

/** SQL for the only column of a query of the proxy, in ASCII: the client's encoding may lack some characters. */
export const encodedJson = (json: string): string =>
  `pg_catalog.encode(pg_catalog.convert_to(${json}::text, (${encoding})::name), 'base64')`;

/** Decodes the column that `answering` produces. */
export const decodeJson = (column: string): string => losslessText(Buffer.from(column, 'base64'));

/** A note for something that nobody observes as a request. */
export class ProxyNote implements Note {
  firstAt = 0;
  bytes = 0;
  rowsSent = 0;
  blockedMs = 0;
  readonly before = undefined;
  readonly fault: WireFault | undefined = undefined;
  readonly deallocates = undefined;
  readonly redefined = undefined;
  undo = undefined;
  /** The error with which it failed; undefined: it has not. */
  sqlstate: string | undefined;

  completed(): void {
    // Not counted.
  }

  suspended(): void {
    // Not counted.
  }

  failed(sqlstate: string): void {
    this.sqlstate = sqlstate;
  }

  ended(): void {
    // Nobody observes it.
  }
}

/** The same, without a report to anybody if it fails. */
export class SilentNote extends ProxyNote {
  readonly isSilent = true;
}

/** A query of the proxy in a client's session, whose row (`answering`) is read here. */
export class ProxyQuery extends ProxyNote {
  readonly #pieces: Buffer[] = [];
  #then: ValueCallback | undefined;

  constructor(then: ValueCallback) {
    super();
    this.#then = then;
  }

  /** Reads a DataRow, or a piece of one. */
  row(buffer: Buffer, start: number, end: number): void {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
  }

  override ended(): void {
    const then = this.#then;
    this.#then = undefined;
    const row = Buffer.concat(this.#pieces);
    const value = this.sqlstate === undefined ? readDataRow(row, 0, row.length)?.[0] : undefined;
    then?.(value ? decodeJson(Buffer.from(value).toString('latin1')) : undefined, this.sqlstate);
  }
}
