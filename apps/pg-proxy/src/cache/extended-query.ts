import { frontend as from, parseKey, readBindHead, readExecute, readTarget } from '@medrex/pg-wire';

/** One statement in the extended protocol that is asked and answered as a whole: [Parse] Bind [Describe] Execute Sync. */
export interface ExtendedQuery {
  /** From its Parse. */
  readonly parsed:
    { readonly name: string; readonly key: string; readonly start: number; readonly end: number } | undefined;
  /** The statement that it binds. */
  readonly statement: string;
  /** Formats and parameters, read as latin1. */
  readonly bound: string;
  readonly isDescribed: boolean;
}

const headerBytes = 5;
/** A question with longer parameters is hardly asked again. */
const boundBytesMax = 16 * 1024;

/** Reads ahead from a message to the next Sync, at most up to `limit`. Undefined: it is something else, or incomplete. */
export function readExtendedQuery(buffer: Buffer, start: number, limit: number): ExtendedQuery | undefined {
  const reader = new MessageReader(buffer, start, limit);
  let parsed: ExtendedQuery['parsed'];
  if (reader.is(from.parse)) {
    const key = parseKey(buffer, reader.start, reader.end);
    const name = buffer.toString('latin1', reader.start + headerBytes, buffer.indexOf(0, reader.start + headerBytes));
    parsed = { name, key, start: reader.start, end: reader.end };
    reader.next();
  }
  if (!reader.is(from.bind) || reader.end - reader.start > boundBytesMax) return undefined;
  const head = readBindHead(buffer, reader.start, reader.end);
  if (head?.portal !== '') return undefined;
  if (parsed !== undefined && parsed.name !== head.statement) return undefined;
  const bound = buffer.toString('latin1', head.formatsAt, reader.end);
  reader.next();
  const isDescribed = reader.is(from.describe);
  if (isDescribed && !isOfPortal(buffer, reader)) return undefined;
  if (isDescribed) reader.next();
  if (!reader.is(from.execute)) return undefined;
  const executed = readExecute(buffer, reader.start, reader.end);
  if (executed?.portal !== '' || executed.rowsMax !== 0) return undefined;
  reader.next();
  return reader.is(from.sync) ? { parsed, statement: head.statement, bound, isDescribed } : undefined;
}

function isOfPortal(buffer: Buffer, { start, end }: MessageReader): boolean {
  const named = readTarget(buffer, start, end);
  return named?.kind === 'portal' && named.name === '';
}

/** Iterates over the messages in a buffer. */
class MessageReader {
  readonly #buffer: Buffer;
  readonly #limit: number;
  start: number;
  end = 0;
  /** 0: no complete message follows. */
  #type = 0;

  constructor(buffer: Buffer, start: number, limit: number) {
    this.#buffer = buffer;
    this.#limit = limit;
    this.start = start;
    this.#read();
  }

  is(type: number): boolean {
    return this.#type === type;
  }

  next(): void {
    this.start = this.end;
    this.#read();
  }

  #read(): void {
    const { start } = this;
    this.#type = 0;
    if (start + headerBytes > this.#limit) return;
    this.end = start + 1 + this.#buffer.readUInt32BE(start + 1);
    if (this.end <= this.#limit) this.#type = this.#buffer[start] as number;
  }
}
