import { Duplex } from 'node:stream';
import { errorResponse } from '@medrex/pg-wire';
import type { SqlConnection } from '@medrex/sql-driver';
import { Inbox } from './inbox.ts';
import { IrisSession } from './iris-session.ts';
import type { Outlet } from './outlet.ts';
import { reportOf } from './session-fault.ts';
import type { SharedDatabase } from './session-context.ts';
import { SessionSettings } from './session-settings.ts';
import { TimedConnection } from './timed-connection.ts';
import { Transaction } from './transaction.ts';
import { TranslationTimes } from './translation-times.ts';

export interface StreamOptions {
  readonly shared: SharedDatabase;
  readonly connection: SqlConnection;
  readonly user: string;
  readonly database: string;
}

/** Answers are collected up to this size; a chunk per row would cost more than the row. */
const joinedBytes = 64 * 1024;

/**
 * A connection to IRIS that behaves like a logged-in connection to PostgreSQL: write frontend messages, read backend messages. If it is
 * not read, it stops reading from IRIS (back-pressure).
 */
export class SessionStream extends Duplex implements Outlet {
  /** The settings reported at login. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly translationTimes = new TranslationTimes();
  readonly #inbox = new Inbox();
  readonly #connection: SqlConnection;
  #parts: Buffer[] = [];
  #bytes = 0;
  #isFull = false;
  #drained: (() => void) | undefined;

  constructor({ shared, connection, user, database }: StreamOptions) {
    super({ allowHalfOpen: true, readableHighWaterMark: 256 * 1024 });
    this.#connection = connection;
    const settings = new SessionSettings(user);
    this.parameters = new Map(settings.reported());
    const session = new IrisSession({
      shared,
      connection,
      inbox: this.#inbox,
      outlet: this,
      settings,
      user,
      database,
      timed: new TimedConnection(connection, settings, shared.lockTimeoutMs),
      transaction: new Transaction(connection),
      translationTimes: this.translationTimes,
    });
    session.run().then(
      () => this.#end(),
      (error: unknown) => this.#fail(error),
    );
  }

  /** The connection to IRIS was lost. */
  lost(): void {
    this.send(errorResponse({ severity: 'FATAL', sqlstate: '08006', message: 'IRIS closed the connection' }));
    this.#end();
  }

  send(message: Buffer): void {
    if (this.destroyed || this.readableEnded) return;
    this.#parts.push(message);
    this.#bytes += message.length;
    if (this.#bytes >= joinedBytes) this.#flush();
  }

  drained(): Promise<void> | undefined {
    this.#flush();
    if (!this.#isFull || this.destroyed) return undefined;
    return new Promise((resolve) => (this.#drained = resolve));
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#inbox.write(chunk, () => {
      this.#flush();
      done();
    });
  }

  override _read(): void {
    this.#isFull = false;
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  override _final(done: () => void): void {
    this.#inbox.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inbox.end();
    this.#drained?.();
    void this.#connection.close().finally(() => done(error));
  }

  #flush(): void {
    if (this.#bytes === 0) return;
    const all = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    if (!this.readableEnded && !this.destroyed && !this.push(all)) this.#isFull = true;
  }

  #end(): void {
    this.#flush();
    if (!this.destroyed && !this.readableEnded) this.push(null);
    void this.#connection.close().finally(() => {
      if (this.readableEnded || this.destroyed) this.destroy();
      else this.once('end', () => this.destroy());
    });
  }

  #fail(error: unknown): void {
    this.send(errorResponse({ ...reportOf(error), severity: 'FATAL' }));
    this.#end();
  }
}
