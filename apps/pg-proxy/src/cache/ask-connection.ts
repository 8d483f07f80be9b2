import {
  backend as from,
  backendSession,
  Framer,
  query,
  readDataRow,
  readNotification,
  terminate,
} from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import type { LoggedIn } from '../upstream/backend-login.ts';

/** The first column of every row; undefined: the server refused. */
export type Answered = (rows: readonly string[] | undefined) => void;

export interface AskEvents {
  notified(payload: string): void;
  closed(): void;
}

/** A connection of the proxy's own, for a few queries and for NOTIFY. Queries are answered in order. */
export class AskConnection {
  readonly #socket: Socket;
  readonly #framer = new Framer(backendSession);
  readonly #asked: Answered[] = [];
  readonly #events: AskEvents;
  #rows: string[] = [];
  /** The pieces of an incomplete message. */
  #pieces: Buffer[] = [];
  #isRefused = false;
  #isClosed = false;

  constructor({ socket }: LoggedIn, events: AskEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
    socket.resume();
  }

  ask(text: string, then: Answered): void {
    this.#asked.push(then);
    this.#socket.write(query(text));
  }

  close(): void {
    if (this.#socket.writable) this.#socket.end(terminate());
    this.#socket.destroySoon();
  }

  /** The connection no longer answers. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#framer.feed(chunk);
    while (this.#framer.next()) this.#take(this.#framer);
    if (this.#framer.fault !== undefined) this.#socket.destroy();
  }

  /** A long row arrives in pieces. */
  #take({ type, buffer, start, end, isFirst, isLast }: Framer): void {
    if (isFirst && isLast) return this.#message(type, buffer, start, end);
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    if (!isLast) return;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#message(type, whole, 0, whole.length);
  }

  #message(type: number, buffer: Buffer, start: number, end: number): void {
    if (type === from.dataRow) this.#rows.push(readDataRow(buffer, start, end)?.[0]?.toString('utf8') ?? '');
    if (type === from.errorResponse) this.#isRefused = true;
    if (type === from.notificationResponse) this.#events.notified(readNotification(buffer, start, end)?.payload ?? '');
    if (type !== from.readyForQuery) return;
    const [rows, isRefused] = [this.#rows, this.#isRefused];
    this.#rows = [];
    this.#isRefused = false;
    this.#asked.shift()?.(isRefused ? undefined : rows);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const then of this.#asked.splice(0)) then(undefined);
    this.#events.closed();
  }
}
