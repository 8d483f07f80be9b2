import { readDataRow } from '@medrex/pg-wire';
import type { Note } from './expected-answers.ts';

/** @param value the only column of the only row; undefined: there was no answer, and `sqlstate` says why where somebody has said it */
export type Answered = (value: string | undefined, sqlstate: string | undefined) => void;

/** A query of the proxy's own in the session of a client, whose rows it reads. */
export class OwnQuestion implements Note {
  firstAt = 0;
  bytes = 0;
  blockedMs = 0;
  readonly before = undefined;
  readonly fault = undefined;
  readonly deallocates = undefined;
  readonly redefined = undefined;
  undo = undefined;
  readonly #pieces: Buffer[] = [];
  #sqlstate: string | undefined;
  #then: Answered | undefined;

  constructor(then: Answered) {
    this.#then = then;
  }

  /** A DataRow, or a piece of it. */
  row(buffer: Buffer, start: number, end: number): void {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
  }

  completed(): void {
    // Its row says everything.
  }

  suspended(): void {
    // A simple query is not.
  }

  failed(sqlstate: string): void {
    this.#sqlstate = sqlstate;
  }

  ended(): void {
    const then = this.#then;
    this.#then = undefined;
    const row = Buffer.concat(this.#pieces);
    const value = this.#sqlstate === undefined ? readDataRow(row, 0, row.length)?.[0] : undefined;
    then?.(value?.toString(), this.#sqlstate);
  }
}
