import { readDataRow } from '@medrex/pg-wire';
import type { Note } from './expected-answers.ts';

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
  #hasFailed = false;
  #then: ((value: string | undefined) => void) | undefined;

  /** @param then is given the only column of the only row; undefined: there was no answer */
  constructor(then: (value: string | undefined) => void) {
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

  failed(): void {
    this.#hasFailed = true;
  }

  ended(): void {
    const then = this.#then;
    this.#then = undefined;
    const row = Buffer.concat(this.#pieces);
    const value = this.#hasFailed ? undefined : readDataRow(row, 0, row.length)?.[0];
    then?.(value?.toString());
  }
}
