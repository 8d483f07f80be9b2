import { copyData } from '@medrex/pg-wire';
import { SessionFault } from './session-fault.ts';
import type { CopiedTable } from './copy-rows.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags, and length of the header extension. */
const headLength = signature.length + 8;
const head = Buffer.concat([signature, Buffer.alloc(8)]);
/** The trailer of a binary COPY, as CopyData. */
export const binaryEnd = copyData(Buffer.from([0xff, 0xff]));

/** Puts the header of a binary COPY into the first CopyData message, as PostgreSQL does and ADBC expects. */
export function behindHead(messages: Buffer): Buffer {
  const end = 1 + messages.readUInt32BE(1);
  return Buffer.concat([copyData(Buffer.concat([head, messages.subarray(5, end)])), messages.subarray(end)]);
}

/** Maximum length of a row in bytes. */
const rowLengthMax = 256 * 1024 * 1024;

/** Reads the rows of a binary COPY from chunks: fields as bytes, NULL as null. */
export class CopyBinaryRows {
  readonly #table: CopiedTable;
  #pieces: Buffer[] = [];
  #length = 0;
  /** Bytes that must have arrived before parsing again. */
  #needed = headLength;
  #isBegun = false;
  #isOver = false;
  #row = 0;

  constructor(table: CopiedTable) {
    this.#table = table;
  }

  /** @throws SessionFault 22P04 */
  feed(data: Uint8Array): (Buffer | null)[][] {
    this.#pieces.push(Buffer.from(data));
    this.#length += data.length;
    if (this.#length < this.#needed) return [];
    const whole = Buffer.concat(this.#pieces);
    const rows: (Buffer | null)[][] = [];
    let at = this.#isBegun ? 0 : this.#headEnd(whole);
    for (; !this.#isOver && at < whole.length; this.#row++) {
      const row = this.#rowAt(whole, at);
      if (row === undefined) break;
      rows.push(row.fields);
      at = row.end;
    }
    if (this.#isOver && at + 2 < whole.length) throw malformed('received copy data after EOF marker');
    this.#pieces = [whole.subarray(at)];
    this.#length = whole.length - at;
    this.#needed -= at;
    return rows;
  }

  /** @throws SessionFault 22P04 */
  end(): (Buffer | null)[][] {
    if (!this.#isBegun) throw malformed('COPY file signature not recognized');
    if (!this.#isOver && this.#length > 0) throw malformed('unexpected EOF in COPY data');
    return [];
  }

  #headEnd(whole: Buffer): number {
    if (!whole.subarray(0, signature.length).equals(signature)) throw malformed('COPY file signature not recognized');
    const end = headLength + whole.readUInt32BE(signature.length + 4);
    if (end > whole.length) {
      this.#needed = this.#allowed(end);
      return 0;
    }
    this.#isBegun = true;
    return end;
  }

  /** Undefined: the row is incomplete, or the trailer was reached. */
  #rowAt(whole: Buffer, from: number): { readonly fields: (Buffer | null)[]; readonly end: number } | undefined {
    if (!this.#isBegun) return undefined;
    let at = from;
    const has = (length: number): boolean => {
      if (at + length <= whole.length) return true;
      this.#needed = from + this.#allowed(at + length - from);
      return false;
    };
    if (!has(2)) return undefined;
    const count = whole.readInt16BE(at);
    at += 2;
    if (count === -1) {
      this.#isOver = true;
      return undefined;
    }
    const { columns } = this.#table;
    if (count !== columns.length) throw this.#fault(`row field count is ${count}, expected ${columns.length}`);
    const fields: (Buffer | null)[] = [];
    for (let place = 0; place < count; place++) {
      if (!has(4)) return undefined;
      const length = whole.readInt32BE(at);
      at += 4;
      if (length < -1) throw this.#fault('invalid field size');
      if (length > 0 && !has(length)) return undefined;
      fields.push(length < 0 ? null : whole.subarray(at, at + length));
      at += Math.max(0, length);
    }
    return { fields, end: at };
  }

  #allowed(length: number): number {
    if (length <= rowLengthMax) return length;
    throw new SessionFault('54000', 'a row is too long');
  }

  #fault(message: string): SessionFault {
    return malformed(message, `COPY ${this.#table.name}, line ${this.#row + 1}`);
  }
}

const malformed = (message: string, where?: string): SessionFault =>
  new SessionFault('22P04', message, where === undefined ? {} : { where });
