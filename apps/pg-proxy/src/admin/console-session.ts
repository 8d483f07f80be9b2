import {
  backendKeyData,
  commandComplete,
  emptyQueryResponse,
  fatal,
  Framer,
  frontend as from,
  frontendSession,
  malformed,
  noticeResponse,
  parameterStatus,
  readQuery,
  readyForQuery,
  transactionStatus,
  type TransactionStatus,
  type WireFault,
} from '@medrex/pg-wire';
import type { BoundValue } from '@medrex/sql';
import type { Socket } from 'node:net';
import type { Traffic } from '../session/backend/traffic.ts';
import { columnsOf, failureMessage, rowOf } from './answers.ts';
import type { PendingOutcome, Outcome } from './commands.ts';
import { LocalStatements, type MessageResult } from './local-statements.ts';
import { serverVersion, settings } from './medrex-tables.ts';
import type { PreparedStatement } from './preparer.ts';
import { consoleVersion } from './show.ts';

/** How often a command that takes a while is checked, in ms. */
const pollMs = 20;
/** Messages are short here, and read as a whole. */
const rules = { ...frontendSession, contiguous: frontendSession.bodyMax.map((max) => Math.min(max, 65_536)) };

/** The settings that a server reports to its clients. */
const reportedSettings = [
  ...['client_encoding', 'server_encoding', 'DateStyle', 'IntervalStyle', 'TimeZone', 'integer_datetimes'],
  ...['standard_conforming_strings', 'is_superuser', 'in_hot_standby', 'default_transaction_read_only'],
];

const transactionAborted: Outcome = {
  kind: 'error',
  sqlstate: '25P02',
  message: 'current transaction is aborted, commands ignored until end of transaction block',
};

/** A user at the console, and since when. */
export interface ConsoleClient {
  readonly socket: Socket;
  /** An address, or `unix`. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  readonly application: string;
  readonly processId: number;
}

export interface ConsoleSessionOptions extends ConsoleClient {
  readonly now: () => number;
  readonly traffic: Traffic;
  readonly read: (text: string, parameterTypes: readonly number[]) => PreparedStatement[];
  /** Called once, when the session has ended. */
  readonly onClosed: () => void;
}

/** A session at the console, in the simple and the extended protocol; the proxy itself answers. */
export class ConsoleSession {
  readonly client: ConsoleClient;
  readonly connectedAtMs: number;
  /** When the user last sent something. */
  lastMessageAtMs: number;
  readonly #socket: Socket;
  readonly #traffic: Traffic;
  readonly #read: ConsoleSessionOptions['read'];
  readonly #onClosed: () => void;
  #isOpen = true;
  readonly #framer = new Framer(rules);
  readonly #statements: LocalStatements;
  #status: TransactionStatus = transactionStatus.idle;
  #out: Buffer[] = [];
  #isSkipping = false;
  /** Set while a command is not done; what follows it waits. */
  #timer: NodeJS.Timeout | undefined;

  constructor({ now, traffic, read, onClosed, ...client }: ConsoleSessionOptions) {
    const { socket } = client;
    this.client = client;
    this.connectedAtMs = now();
    this.lastMessageAtMs = this.connectedAtMs;
    this.#traffic = traffic;
    traffic.logins++;
    this.#socket = socket;
    this.#read = read;
    this.#onClosed = onClosed;
    this.#statements = new LocalStatements({
      send: (message) => this.#out.push(message),
      read,
      run: (prepared, values, then) => this.#run(prepared, values, then),
    });
    socket.on('data', (chunk: Buffer) => {
      this.lastMessageAtMs = now();
      traffic.received += chunk.length;
      this.#framer.feed(chunk);
      this.#handleMessages();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearInterval(this.#timer);
      this.#closed();
    });
    this.#greet();
    socket.resume();
  }

  close(fault: WireFault): void {
    this.#out.push(fatal(fault));
    this.#flush();
    this.#socket.destroySoon();
  }

  /** After a goodbye the same user may come again before the socket has closed. */
  #terminate(): void {
    this.#socket.destroySoon();
    this.#closed();
  }

  #closed(): void {
    if (this.#isOpen) this.#onClosed();
    this.#isOpen = false;
  }

  #greet(): void {
    const { user, processId } = this.client;
    const parameters = [
      // psql parses the number, and PgBouncer's tools look for the word.
      ['server_version', `${serverVersion} (${consoleVersion})`],
      ['session_authorization', user],
      ...reportedSettings.map((name) => [name, settings.get(name.toLowerCase()) ?? '']),
    ];
    for (const [name = '', value = ''] of parameters) this.#out.push(parameterStatus({ name, value }));
    this.#out.push(backendKeyData({ processId, secretKey: Buffer.alloc(4) }), readyForQuery(this.#status));
    this.#flush();
  }

  #flush(): void {
    if (this.#out.length === 0) return;
    const out = Buffer.concat(this.#out);
    this.#traffic.sent += out.length;
    if (this.#socket.writable) this.#socket.write(out);
    this.#out = [];
  }

  #handleMessages(): void {
    while (this.#timer === undefined && this.#framer.next()) {
      const { type, buffer, start, end, isFirst, isLast } = this.#framer;
      if (!isFirst || !isLast) return this.close({ sqlstate: '54000', message: 'message too large for the console' });
      this.#handleMessage(type, buffer, start, end);
    }
    this.#flush();
    if (this.#framer.fault !== undefined) this.close(this.#framer.fault);
  }

  #handleMessage(type: number, buffer: Buffer, start: number, end: number): void {
    if (type === from.terminate) return this.#terminate();
    if (type === from.query || type === from.sync) this.#count();
    if (type === from.sync) {
      this.#isSkipping = false;
      return this.#ready();
    }
    if (this.#isSkipping) return;
    if (type === from.query) return this.#query(readQuery(buffer, start, end));
    const statements = this.#statements;
    switch (type) {
      case from.parse:
        return this.#handleResult(statements.parse(buffer, start, end));
      case from.bind:
        return this.#handleResult(statements.bind(buffer, start, end));
      case from.describe:
        return this.#handleResult(statements.describe(buffer, start, end));
      case from.close:
        return this.#handleResult(statements.close(buffer, start, end));
      case from.execute:
        return statements.execute(buffer, start, end, (taken) => this.#handleResult(taken));
      case from.functionCall:
        this.#out.push(
          failureMessage({ kind: 'error', sqlstate: '0A000', message: 'function calls are not supported here' }),
        );
        return this.#ready();
    }
  }

  /** Counted before it is answered: SHOW STATS counts itself, as in PgBouncer. */
  #count(): void {
    this.#traffic.queries++;
    if (this.#status === transactionStatus.idle) this.#traffic.transactions++;
  }

  #handleResult(taken: MessageResult): void {
    if (taken === 'malformed') this.close(malformed);
    if (taken !== 'failed') return;
    this.#isSkipping = true;
    if (this.#status === transactionStatus.inside) this.#status = transactionStatus.failed;
  }

  #ready(): void {
    if (this.#status === transactionStatus.idle) this.#statements.endPortals();
    this.#out.push(readyForQuery(this.#status));
  }

  #query(bytes: Buffer | undefined): void {
    if (bytes === undefined) return this.close(malformed);
    const statements = this.#read(bytes.toString('utf8'), []);
    if (statements.length === 0) this.#out.push(emptyQueryResponse());
    this.#statements.forget('statement', '');
    this.#runAll(statements);
  }

  /** Runs them one after the other, up to the first that fails. */
  #runAll([first, ...more]: readonly PreparedStatement[]): void {
    if (first === undefined) return this.#ready();
    this.#run(first, [], (outcome) => {
      this.#answer(outcome);
      const isFailed = outcome.kind === 'error';
      if (isFailed && this.#status === transactionStatus.inside) this.#status = transactionStatus.failed;
      this.#runAll(isFailed ? [] : more);
    });
  }

  #run(prepared: PreparedStatement, values: readonly BoundValue[], then: (outcome: Outcome) => void): void {
    const { transaction } = prepared;
    if (this.#status === transactionStatus.failed && transaction !== 'end') return then(transactionAborted);
    const outcome = prepared.run(values);
    if (outcome.kind === 'pending') return this.#awaitOutcome(outcome, then);
    if (transaction !== undefined)
      this.#status = transaction === 'begin' ? transactionStatus.inside : transactionStatus.idle;
    if (outcome.kind !== 'done' || outcome.until === undefined) return then(outcome);
    this.#poll(outcome.until, () => {
      then(outcome);
      this.#handleMessages();
    });
  }

  #awaitOutcome(later: PendingOutcome, then: (outcome: Outcome) => void): void {
    this.#poll(
      () => later.outcome() !== undefined,
      () => {
        const outcome = later.outcome();
        if (outcome !== undefined) then(outcome);
        this.#handleMessages();
      },
    );
  }

  #poll(isThere: () => boolean, then: () => void): void {
    const timer = setInterval(() => {
      if (!isThere()) return;
      clearInterval(timer);
      this.#timer = undefined;
      then();
    }, pollMs);
    this.#timer = timer;
  }

  #answer(outcome: Outcome): void {
    if (outcome.kind === 'error') return void this.#out.push(failureMessage(outcome));
    if (outcome.kind === 'empty') return void this.#out.push(emptyQueryResponse());
    if (outcome.kind === 'done') {
      for (const message of outcome.notices ?? [])
        this.#out.push(noticeResponse({ severity: 'NOTICE', sqlstate: '00000', message }));
      return void this.#out.push(commandComplete(outcome.tag));
    }
    const { table, tag } = outcome;
    this.#out.push(columnsOf(table.columns));
    for (const row of table.rows) this.#out.push(rowOf(row, table.columns, []));
    this.#out.push(commandComplete(tag));
  }
}
