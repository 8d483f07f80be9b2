import {
  backendKeyData,
  bindComplete,
  closeComplete,
  commandComplete,
  dataRow,
  emptyQueryResponse,
  errorResponse,
  fatal,
  Framer,
  frontend as from,
  frontendSession,
  malformed,
  noData,
  parameterDescription,
  parameterStatus,
  parseComplete,
  readBindHead,
  readExecute,
  readNamed,
  readParse,
  readQuery,
  readyForQuery,
  rowDescription,
  transactionStatus,
  type WireFault,
} from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import { command, type Controls, type Outcome } from './commands.ts';
import { consoleVersion, type Table } from './show.ts';

const text = 25;
/** How often it is looked whether what a command asked for has come. */
const lookMs = 20;
/** Every message is short here, and read whole. */
const rules = { ...frontendSession, together: frontendSession.bodyMax.map((max) => Math.min(max, 65_536)) };

/** One administrator at the console: the simple protocol, and of the extended one what drivers need. */
export class ConsoleSession {
  readonly #socket: Socket;
  readonly #controls: Controls;
  readonly #framer = new Framer(rules);
  /** Texts by names of statements, and of portals. */
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, string>();
  #isSkipping = false;
  /** A command that is not done; what comes behind it waits. */
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, controls: Controls) {
    this.#socket = socket;
    this.#controls = controls;
    socket.on('data', (chunk: Buffer) => {
      this.#framer.feed(chunk);
      this.#work();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clearInterval(this.#timer));
    this.#send(
      ...[
        ['server_version', consoleVersion],
        ['client_encoding', 'UTF8'],
        ['DateStyle', 'ISO'],
        ['standard_conforming_strings', 'on'],
      ].map(([name = '', value = '']) => parameterStatus({ name, value })),
      backendKeyData({ processId: 0, secretKey: Buffer.alloc(4) }),
      readyForQuery(transactionStatus.idle),
    );
    socket.resume();
  }

  close(fault: WireFault): void {
    this.#send(fatal(fault));
    this.#socket.destroySoon();
  }

  #send(...messages: Buffer[]): void {
    if (this.#socket.writable) this.#socket.write(Buffer.concat(messages));
  }

  #work(): void {
    while (this.#timer === undefined && this.#framer.next()) {
      const { type, buffer, start, end, isFirst, isLast } = this.#framer;
      if (!isFirst || !isLast) return this.close({ sqlstate: '54000', message: 'too much for the console' });
      if (!this.#take(type, buffer, start, end)) return this.close(malformed);
    }
    if (this.#framer.fault !== undefined) this.close(this.#framer.fault);
  }

  /** False: it is not understood. */
  #take(type: number, buffer: Buffer, start: number, end: number): boolean {
    if (type === from.terminate) this.#socket.destroySoon();
    if (type === from.sync) {
      this.#isSkipping = false;
      this.#send(readyForQuery(transactionStatus.idle));
    }
    if (type === from.query) {
      const asked = readQuery(buffer, start, end);
      if (asked === undefined) return false;
      this.#run(asked.toString('utf8'), true, () => this.#send(readyForQuery(transactionStatus.idle)));
    }
    return this.#isSkipping || this.#takeExtended(type, buffer, start, end);
  }

  #takeExtended(type: number, buffer: Buffer, start: number, end: number): boolean {
    switch (type) {
      case from.parse: {
        const parsed = readParse(buffer, start, end);
        if (parsed !== undefined) this.#statements.set(parsed.name, parsed.text);
        this.#send(parseComplete());
        return parsed !== undefined;
      }
      case from.bind: {
        const head = readBindHead(buffer, start, end);
        if (head !== undefined) this.#portals.set(head.portal, this.#statements.get(head.statement) ?? '');
        this.#send(bindComplete());
        return head !== undefined;
      }
      case from.describe:
      case from.close: {
        const named = readNamed(buffer, start, end);
        if (named === undefined) return false;
        if (type === from.close) this.#send(closeComplete());
        else this.#describe((named.of === 'portal' ? this.#portals : this.#statements).get(named.name) ?? '', named.of);
        return true;
      }
      case from.execute: {
        const executed = readExecute(buffer, start, end);
        if (executed === undefined) return false;
        this.#run(this.#portals.get(executed.portal) ?? '', false, () => undefined);
        return true;
      }
      default:
        return true;
    }
  }

  #describe(asked: string, of: 'portal' | 'statement'): void {
    if (of === 'statement') this.#send(parameterDescription([]));
    const outcome = /^\s*show\b/i.test(asked) ? command(asked, this.#controls) : undefined;
    this.#send(outcome?.kind === 'table' ? columnsOf(outcome.table) : noData());
  }

  #run(asked: string, isSimple: boolean, then: () => void): void {
    if (/^[\s;]*$/.test(asked)) {
      this.#send(emptyQueryResponse());
      then();
      return;
    }
    const outcome = command(asked, this.#controls);
    if (outcome.kind === 'error' && !isSimple) this.#isSkipping = true;
    if (outcome.kind !== 'done' || outcome.until === undefined) {
      this.#answer(outcome, isSimple);
      then();
      return;
    }
    this.#await(outcome.until, () => {
      this.#answer(outcome, isSimple);
      then();
      this.#work();
    });
  }

  #await(isThere: () => boolean, then: () => void): void {
    const timer = setInterval(() => {
      if (!isThere()) return;
      clearInterval(timer);
      this.#timer = undefined;
      then();
    }, lookMs);
    this.#timer = timer;
  }

  #answer(outcome: Outcome, isSimple: boolean): void {
    if (outcome.kind === 'done') return this.#send(commandComplete(outcome.tag));
    if (outcome.kind === 'error') {
      const { sqlstate, message, hint } = outcome;
      return this.#send(errorResponse({ severity: 'ERROR', sqlstate, message, ...(hint !== undefined && { hint }) }));
    }
    const { table } = outcome;
    const rows = table.rows.map((row) =>
      dataRow(row.map((cell) => (cell === undefined ? null : Buffer.from(String(cell))))),
    );
    this.#send(...(isSimple ? [columnsOf(table)] : []), ...rows, commandComplete('SHOW'));
  }
}

function columnsOf({ columns }: Table): Buffer {
  return rowDescription(
    columns.map((name) => ({ name, table: 0, attribute: 0, type: text, typeSize: -1, typeModifier: -1, format: 0 })),
  );
}
