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
export type RowsCallback = (rows: readonly string[] | undefined) => void;

export interface WatchConnectionEvents {
  notified(payload: string): void;
  closed(): void;
}

/** A connection of the proxy's own, for a few queries and for NOTIFY. Queries are answered in order. */
export class WatchConnection {
  readonly #socket: Socket;
  readonly #framer = new Framer(backendSession);
  readonly #pending: RowsCallback[] = [];
  readonly #events: WatchConnectionEvents;
  #rows: string[] = [];
  /** The pieces of an incomplete message. */
  #pieces: Buffer[] = [];
  #isRefused = false;
  #isClosed = false;

  constructor({ socket }: LoggedIn, events: WatchConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
    socket.resume();
  }

  query(text: string, then: RowsCallback): void {
    this.#pending.push(then);
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
    while (this.#framer.next()) this.#handleFrame(this.#framer);
    if (this.#framer.fault !== undefined) this.#socket.destroy();
  }

  /** A long row arrives in pieces. */
  #handleFrame({ type, buffer, start, end, isFirst, isLast }: Framer): void {
    if (isFirst && isLast) return this.#handleMessage(type, buffer, start, end);
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    if (!isLast) return;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#handleMessage(type, whole, 0, whole.length);
  }

  #handleMessage(type: number, buffer: Buffer, start: number, end: number): void {
    if (type === from.dataRow) this.#rows.push(readDataRow(buffer, start, end)?.[0]?.toString('utf8') ?? '');
    if (type === from.errorResponse) this.#isRefused = true;
    if (type === from.notificationResponse) this.#events.notified(readNotification(buffer, start, end)?.payload ?? '');
    if (type !== from.readyForQuery) return;
    const [rows, isRefused] = [this.#rows, this.#isRefused];
    this.#rows = [];
    this.#isRefused = false;
    this.#pending.shift()?.(isRefused ? undefined : rows);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const then of this.#pending.splice(0)) then(undefined);
    this.#events.closed();
  }
}
