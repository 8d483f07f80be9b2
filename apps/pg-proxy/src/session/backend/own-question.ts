import { losslessText, readDataRow, type WireFault } from '@medrex/pg-wire';
import type { Note } from './expected-answers.ts';

/** @param value the only column of the only row; undefined: there was no answer, and `sqlstate` says why where somebody has said it */
export type Answered = (value: string | undefined, sqlstate: string | undefined) => void;

/** What a server has kept nobody knows to be UTF-8 where it does not look at it. */
const encoding = `case pg_catalog.getdatabaseencoding() when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end`;

/** The only column of a query of our own: its client may read and write in an encoding that has not all letters. */
export const answering = (json: string): string =>
  `pg_catalog.encode(pg_catalog.convert_to(${json}::text, (${encoding})::name), 'base64')`;

/** What it says. @param column of `answering` */
export const answered = (column: string): string => losslessText(Buffer.from(column, 'base64'));

/** Goes along with something that nobody follows as a request. */
export class OwnNote implements Note {
  firstAt = 0;
  bytes = 0;
  rowsSent = 0;
  blockedMs = 0;
  readonly before = undefined;
  readonly fault: WireFault | undefined = undefined;
  readonly deallocates = undefined;
  readonly redefined = undefined;
  undo = undefined;
  /** Why it has failed; undefined: it has not. */
  sqlstate: string | undefined;

  completed(): void {
    // Nobody counts it.
  }

  suspended(): void {
    // As above.
  }

  failed(sqlstate: string): void {
    this.sqlstate = sqlstate;
  }

  ended(): void {
    // As above.
  }
}

/** The same, where nobody is told when it fails. */
export class SilentNote extends OwnNote {
  readonly isSilent = true;
}

/** A query of the proxy's own in the session of a client, whose row it reads: it is `answering`. */
export class OwnQuestion extends OwnNote {
  readonly #pieces: Buffer[] = [];
  #then: Answered | undefined;

  constructor(then: Answered) {
    super();
    this.#then = then;
  }

  /** A DataRow, or a piece of it. */
  row(buffer: Buffer, start: number, end: number): void {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
  }

  override ended(): void {
    const then = this.#then;
    this.#then = undefined;
    const row = Buffer.concat(this.#pieces);
    const value = this.sqlstate === undefined ? readDataRow(row, 0, row.length)?.[0] : undefined;
    then?.(value ? answered(Buffer.from(value).toString('latin1')) : undefined, this.sqlstate);
  }
}
