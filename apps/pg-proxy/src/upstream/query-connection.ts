import {
  backend as from,
  backendSession,
  bind,
  bytesOf,
  execute,
  Framer,
  losslessText,
  parse,
  readDataRow,
  readReport,
  sync,
  terminate,
  type Report,
} from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import { BackendLogin, type UpstreamLogin } from './backend-login.ts';

export type Row = readonly (string | null)[];

export interface QueryConnectionOptions extends UpstreamLogin {
  /** The longest wait for an answer, and for the login; in ms. */
  readonly timeoutMs: number;
  /** The connection is closed: it was idle for a while, or has ended. */
  readonly ended?: () => void;
}

/** The upstream did not do what it was asked for. */
export class QueryRefused extends Error {
  readonly sqlstate: string;

  constructor(sqlstate: string, message = `SQLSTATE ${sqlstate}`) {
    super(message);
    this.sqlstate = sqlstate;
  }
}

/** The upstream could not be reached or refused the login; contains its report. */
export class LoginRefused extends QueryRefused {
  readonly report: Report;

  constructor(report: Report) {
    super(report.sqlstate, report.message);
    this.report = report;
  }
}

interface PendingQuery {
  readonly message: Buffer;
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
  readonly rows: Row[];
  error: Error | undefined;
}

/** An idle connection is closed after this time, in ms. */
const idleMs = 60_000;
/** Answers are short, and read as a whole. */
const frameRules = { ...backendSession, contiguous: backendSession.bodyMax.map((max) => Math.min(max, 65_536)) };

/**
 * Runs the proxy's own queries at an upstream, one after the other, on a connection that is opened on demand. Its session starts with
 * nothing but a user and a database: no client's setting is ever part of it.
 */
export class QueryConnection {
  readonly #options: QueryConnectionOptions;
  readonly #pending: PendingQuery[] = [];
  #login: BackendLogin | undefined;
  #socket: Socket | undefined;
  #framer = new Framer(frameRules);
  #timer: NodeJS.Timeout | undefined;
  #isAnswering = false;

  constructor(options: QueryConnectionOptions) {
    this.#options = options;
  }

  /** @throws Error the upstream cannot be reached, refuses, or takes too long */
  query(text: string, parameters: readonly string[]): Promise<readonly Row[]> {
    const message = Buffer.concat([
      parse({ name: '', text, parameterTypes: [] }),
      bind({
        portal: '',
        statement: '',
        parameterFormats: [],
        resultFormats: [],
        parameters: parameters.map((parameter) => bytesOf(parameter)),
      }),
      execute({ portal: '', rowsMax: 0 }),
      sync(),
    ]);
    return new Promise((resolve, reject) => {
      this.#pending.push({ message, resolve, reject, rows: [], error: undefined });
      if (this.#socket !== undefined) this.#next();
      else this.#open();
    });
  }

  close(): void {
    this.#end(new Error('the proxy now uses another connection'));
  }

  #open(): void {
    if (this.#login !== undefined) return;
    const { timeoutMs, ...login } = this.#options;
    this.#wait(timeoutMs, 'the login at the upstream took too long');
    this.#login = new BackendLogin({
      ...login,
      loggedIn: ({ socket }) => this.#opened(socket),
      failed: (report) => this.#end(new LoginRefused(report)),
    });
  }

  #opened(socket: Socket): void {
    this.#socket = socket;
    this.#framer = new Framer(frameRules);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#socket === socket && this.#end(new Error('the upstream closed the connection')));
    socket.resume();
    this.#next();
  }

  #next(): void {
    const [first] = this.#pending;
    if (this.#isAnswering || this.#socket === undefined) return;
    if (first === undefined) return this.#wait(idleMs, 'nobody asks');
    this.#isAnswering = true;
    this.#wait(this.#options.timeoutMs, 'the upstream took too long to answer');
    this.#socket.write(first.message);
  }

  #read(chunk: Buffer): void {
    this.#framer.feed(chunk);
    while (this.#socket !== undefined && this.#framer.next()) this.#handleMessage(this.#framer);
    if (this.#framer.fault !== undefined) this.#end(new Error('the upstream does not speak PostgreSQL'));
  }

  #handleMessage({ type, buffer, start, end, isFirst, isLast }: Framer): void {
    const [first] = this.#pending;
    if (!isFirst || !isLast || first === undefined) return;
    if (type === from.errorResponse) first.error = new QueryRefused(sqlstateOf(buffer, start, end));
    if (type === from.dataRow) {
      const row = readDataRow(buffer, start, end) ?? [];
      first.rows.push(row.map((value) => value && losslessText(value)));
    }
    if (type !== from.readyForQuery) return;
    this.#pending.shift();
    this.#isAnswering = false;
    if (first.error === undefined) first.resolve(first.rows);
    else first.reject(first.error);
    this.#next();
  }

  #wait(ms: number, why: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(new Error(why)), ms);
  }

  #end(error: Error): void {
    clearTimeout(this.#timer);
    const [login, socket] = [this.#login, this.#socket];
    this.#login = undefined;
    this.#socket = undefined;
    this.#isAnswering = false;
    const asked = this.#pending.splice(0);
    socket?.end(terminate());
    socket?.destroySoon();
    if (socket === undefined) login?.abort();
    this.#options.ended?.();
    for (const { reject } of asked) reject(error);
  }
}

/** The server's message may quote the query; the code says enough. */
function sqlstateOf(buffer: Buffer, start: number, end: number): string {
  return readReport(buffer, start, end)?.sqlstate ?? 'XX000';
}
