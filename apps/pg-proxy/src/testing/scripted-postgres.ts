import {
  authentication,
  backendKeyData,
  bindComplete,
  bytesOf,
  closeComplete,
  commandComplete,
  copyResponse,
  dataRow,
  emptyQueryResponse,
  errorResponse,
  Framer,
  frontend as from,
  frontendLogin,
  frontendSession,
  losslessText,
  noData,
  parameterStatus,
  parseComplete,
  readBind,
  readBindHead,
  readExecute,
  readTarget,
  readParse,
  readPasswordMessage,
  readQuery,
  readSaslInitialResponse,
  readSaslResponse,
  readStartup,
  readyForQuery,
  rowDescription,
  ScramServer,
  scramVerifier,
  transactionStatus,
  type TransactionStatus,
} from '@medrex/pg-wire';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { codeKinds, codeQuery, type CodeAnswer } from '../session/code/code-query.ts';

const noCode: CodeAnswer = {
  of: 'this',
  seen: 3,
  builtIn: [],
  objects: [],
  uses: [],
  anywhere: [],
  counts: codeKinds.map(() => 0),
};
const verifier = scramVerifier('secret', Buffer.alloc(16, 7), 64);

/**
 * A server that speaks PostgreSQL's protocol and knows a handful of statements: `begin`, `commit`, `rollback`, `set ...`, `hang` (until it
 * is cancelled), `die` (57P01), `vanish` (closes without a message), `fail`, `copy in`, `pour` (rows without end, until it is cancelled).
 * Anything else is answered with the number of its backend. It is strict about the protocol: statements have names, and errors skip to Sync.
 */
export class ScriptedPostgres {
  readonly backends: ScriptedBackend[] = [];
  /** If set, cancel requests are kept here until they are released. */
  heldCancels: (() => void)[] | undefined;
  /** How many cancel requests arrive before the statement that they are meant for. */
  earlyCancels = 0;
  /** A timeout ends DISCARD ALL before it has done anything; or it fires behind the answer, where nothing runs. */
  discardEnds: 'before' | 'behind' | undefined;
  /** Databases that do not exist. */
  readonly missing = new Set<string>();
  /** It accepts connections and does not answer logins. */
  isMute = false;
  /** It asks for the cleartext password, which is `secret`. */
  asksPassword = false;
  /** The content of `pg_authid`, for a query that reads it. */
  readonly authid = new Map<string, string | null>();
  /** The users among them that may not log in. */
  readonly nologin = new Set<string>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => new ScriptedBackend(socket, this));
  }

  /** @param port 0 takes any free one */
  static async start(port = 0, host = '127.0.0.1'): Promise<ScriptedPostgres> {
    const postgres = new ScriptedPostgres();
    await new Promise<void>((resolve) => postgres.#server.listen(port, host, resolve));
    return postgres;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Open connections. */
  get open(): readonly ScriptedBackend[] {
    return this.backends.filter((backend) => !backend.socket.destroyed);
  }

  /** Stops listening and closes all connections. */
  async goAway(): Promise<number> {
    const { port } = this;
    await this.close();
    return port;
  }

  async comeBack(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.backends) socket.destroy();
    await closed;
  }
}

/** One session of the server. */
export class ScriptedBackend {
  readonly socket: Socket;
  /** Messages to send before its next ReadyForQuery. */
  readonly reports: Buffer[] = [];
  id = 0;
  /** It was ended while idle: the next request gets that message, or none. */
  hasEnded: 'with a word' | 'without a word' | undefined;
  status: TransactionStatus = transactionStatus.idle;
  /** Names of prepared statements by text. */
  readonly prepared = new Map<string, string>();
  /** Texts of queries and Parse messages, in order. */
  readonly heard: string[] = [];
  /** Queries that were cancelled. */
  readonly cancelled: string[] = [];
  readonly #postgres: ScriptedPostgres;
  /** The parameters of the startup packet. */
  parameters: ReadonlyMap<string, string> = new Map();
  #asked: { readonly text: string; readonly user: string } | undefined;
  readonly #framer = new Framer(frontendLogin);
  #scram: ScramServer | undefined;
  #isLoggedIn = false;
  #isHanging = false;
  #isSkipping = false;
  #isCopyIn = false;
  #rows = 0;

  constructor(socket: Socket, postgres: ScriptedPostgres) {
    this.socket = socket;
    this.#postgres = postgres;
    socket.on('error', () => socket.destroy());
    // A busy server notices only afterwards that its client is gone.
    socket.on('end', () => {
      if (!this.#isHanging) socket.end();
    });
    socket.once('data', (chunk: Buffer) => this.#begin(chunk));
  }

  cancel(): void {
    if (!this.#isHanging) return;
    this.#isHanging = false;
    this.cancelled.push(this.heard.at(-1) ?? '');
    this.#fail('57014', 'canceling statement due to user request');
    this.#ready();
    this.#readOn();
    if (this.socket.readableEnded) this.socket.end();
  }

  #send(...messages: Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  #begin(chunk: Buffer): void {
    const reading = readStartup(chunk);
    if (reading.kind !== 'packet') return void this.socket.destroy();
    const { packet } = reading;
    if (packet.kind === 'cancel') {
      const cancel = (): void => {
        if (this.#postgres.earlyCancels-- <= 0)
          this.#postgres.backends.find(({ id }) => id === packet.processId)?.cancel();
        this.socket.end();
      };
      if (this.#postgres.heldCancels === undefined) cancel();
      else this.#postgres.heldCancels.push(cancel);
      return;
    }
    if (packet.kind === 'startup') this.parameters = packet.parameters;
    this.id = this.#postgres.backends.push(this);
    if (this.#postgres.isMute) return;
    this.#scram = new ScramServer({ verifier, nonce: 'scripted' });
    const asked = this.#scram.mechanisms;
    this.#send(
      authentication(this.#postgres.asksPassword ? { kind: 'cleartext' } : { kind: 'sasl', mechanisms: asked }),
    );
    this.socket.on('data', (more: Buffer) => this.#read(more));
  }

  #read(chunk: Buffer): void {
    this.#framer.feed(chunk);
    this.#readOn();
  }

  /** A busy server does not read. */
  #readOn(): void {
    while (!this.#isHanging && this.#framer.next()) {
      const { type, buffer, start, end } = this.#framer;
      const message = Buffer.from(buffer.subarray(start, end));
      if (this.#isLoggedIn) this.#take(type, message);
      else this.#prove(message);
    }
  }

  #prove(message: Buffer): void {
    if (this.#postgres.asksPassword)
      return this.#welcome(readPasswordMessage(message, 0, message.length)?.toString() === 'secret');
    const initial = readSaslInitialResponse(message, 0, message.length);
    const step =
      initial?.mechanism === 'SCRAM-SHA-256'
        ? this.#scram!.first(initial.mechanism, initial.data)
        : this.#scram!.final(readSaslResponse(message, 0, message.length));
    if (step.kind === 'continue') return this.#send(authentication({ kind: 'saslContinue', data: step.data }));
    if (step.kind === 'proven') this.#send(authentication({ kind: 'saslFinal', data: step.data }));
    this.#welcome(step.kind === 'proven');
  }

  #welcome(isProven: boolean): void {
    if (!isProven) {
      this.#send(errorResponse({ severity: 'FATAL', sqlstate: '28P01', message: 'password authentication failed' }));
      return void this.socket.end();
    }
    const database = this.parameters.get('database') ?? '';
    if (this.#postgres.missing.has(database)) {
      const message = `database "${database}" does not exist`;
      this.#send(errorResponse({ severity: 'FATAL', sqlstate: '3D000', message }));
      return void this.socket.end();
    }
    this.#isLoggedIn = true;
    // Messages are read as a whole here.
    this.#framer.rules = { ...frontendSession, contiguous: frontendSession.bodyMax };
    this.#send(
      authentication({ kind: 'ok' }),
      parameterStatus({ name: 'server_version', value: '15.0' }),
      parameterStatus({ name: 'in_hot_standby', value: 'on' }),
      backendKeyData({ processId: this.id, secretKey: Buffer.alloc(4, this.id) }),
      readyForQuery(this.status),
    );
  }

  #take(type: number, message: Buffer): void {
    if (this.hasEnded !== undefined) return this.#end(this.hasEnded);
    const isData = type === from.copyData || type === from.copyDone || type === from.copyFail;
    if (this.#isCopyIn !== isData || (this.#isSkipping && type !== from.sync)) return;
    switch (type) {
      case from.query:
        return this.#query(readQuery(message, 0, message.length)!.toString());
      case from.parse:
        return this.#parse(message);
      case from.bind:
        return this.#bind(message);
      case from.describe:
        return this.#send(noData());
      case from.execute:
        return this.#execute(readExecute(message, 0, message.length)!.portal);
      case from.close:
        this.prepared.delete(readTarget(message, 0, message.length)!.name);
        return this.#send(closeComplete());
      case from.sync:
        this.#isSkipping = false;
        return this.#ready();
      case from.copyData:
        this.#rows++;
        return;
      case from.copyDone:
      case from.copyFail:
        return this.#endCopy(type === from.copyDone);
      default:
    }
  }

  #query(text: string): void {
    if ([undefined, noCode.seen].some((since) => text === codeQuery(true, since))) {
      this.#send(
        dataRow([Buffer.from(Buffer.from(JSON.stringify(noCode)).toString('base64'))]),
        commandComplete('SELECT 1'),
      );
      return this.#ready();
    }
    this.heard.push(text);
    const [verb = ''] = text.toLowerCase().split(/[\s;]/);
    if (verb === 'hang') {
      this.#isHanging = true;
      return;
    }
    if (verb === 'pour') {
      this.#isHanging = true;
      return this.#pour();
    }
    if (verb === 'vanish') return this.#end('without a word');
    if (verb === 'die') return this.#end('with a word');
    if (verb === 'copy') return text === 'copy later' ? undefined : this.beginCopy();
    this.#answer(verb, text);
    this.#ready();
    if (text !== 'DISCARD ALL' || this.#postgres.discardEnds !== 'behind') return;
    this.#timeOut();
    this.#ready();
  }

  #end(how: 'with a word' | 'without a word'): void {
    if (how === 'without a word') return void this.socket.destroy();
    this.#send(errorResponse({ severity: 'FATAL', sqlstate: '57P01', message: 'terminating connection' }));
    this.socket.end();
  }

  #timeOut(): void {
    this.#fail('57014', 'canceling statement due to statement timeout');
  }

  #pour(): void {
    if (!this.#isHanging || this.socket.destroyed) return;
    const isTaken = this.socket.write(dataRow([Buffer.alloc(64 * 1024, 'x')]));
    if (isTaken) setImmediate(() => this.#pour());
    else this.socket.once('drain', () => this.#pour());
  }

  #answer(verb: string, text: string): void {
    if (verb === 'begin') this.status = transactionStatus.inside;
    if (verb === 'commit' || verb === 'rollback') this.status = transactionStatus.idle;
    if (verb === 'fail' || verb === 'pgproxy') return this.#fail('42601', 'syntax error');
    if (text === 'DISCARD ALL' && this.#postgres.discardEnds === 'before') return this.#timeOut();
    if (text === 'DISCARD ALL' || text === 'DEALLOCATE ALL') this.prepared.clear();
    if (/^set datestyle/.test(text)) this.#send(parameterStatus({ name: 'DateStyle', value: 'ISO, DMY' }));
    if (text === '') return this.#send(emptyQueryResponse());
    if (verb === 'deallocate' && text !== 'DEALLOCATE ALL') return this.#send(commandComplete('DEALLOCATE'));
    if (['begin', 'commit', 'rollback', 'set', 'listen', 'discard', 'deallocate'].includes(verb))
      return this.#send(commandComplete(text.toUpperCase()));
    const column = { name: 'id', table: 0, attribute: 0, type: 25, typeSize: -1, typeModifier: -1, format: 0 };
    this.#send(rowDescription([column]), dataRow([Buffer.from(String(this.id))]), commandComplete('SELECT 1'));
  }

  #execute(portal: string): void {
    if (portal !== '') return this.#skip('34000', `portal "${portal}" does not exist`);
    if (this.#asked?.text !== 'DEALLOCATE ALL') return this.#send(...this.#answerRows(), commandComplete('SELECT 1'));
    this.prepared.clear();
    this.#send(commandComplete(this.#asked.text));
  }

  #answerRows(): Buffer[] {
    const { text = '', user = '' } = this.#asked ?? {};
    if (!text.includes('pg_authid')) return [dataRow([Buffer.from(String(this.id))])];
    const { authid, nologin } = this.#postgres;
    const secret = authid.get(user);
    if (secret === undefined) return [];
    const mayLogIn = Buffer.from(nologin.has(user) ? 'f' : 't');
    return [dataRow([bytesOf(user), secret === null ? null : Buffer.from(secret), mayLogIn])];
  }

  beginCopy(): void {
    this.#isCopyIn = true;
    this.#rows = 0;
    this.#send(copyResponse({ direction: 'in', isBinary: false, columnFormats: [0] }));
  }

  /** The COPY data is invalid. */
  failCopy(): void {
    this.#endCopy(false);
  }

  #endCopy(isDone: boolean): void {
    this.#isCopyIn = false;
    if (isDone) this.#send(commandComplete(`COPY ${this.#rows}`));
    else this.#fail('57014', 'COPY from stdin failed');
    this.#ready();
  }

  #parse(message: Buffer): void {
    const { name, text } = readParse(message, 0, message.length)!;
    this.heard.push(`parse ${text}`);
    if (text.startsWith('fail')) return this.#skip('42601', 'syntax error');
    if (name !== '' && this.prepared.has(name))
      return this.#skip('42P05', `prepared statement "${name}" already exists`);
    this.prepared.set(name, text);
    this.#send(parseComplete());
  }

  #bind(message: Buffer): void {
    const { statement } = readBindHead(message, 0, message.length)!;
    if (!this.prepared.has(statement)) return this.#skip('26000', `prepared statement "${statement}" does not exist`);
    const text = this.prepared.get(statement) ?? '';
    const isStale = text.startsWith('stale') && this.heard.filter((one) => one === `parse ${text}`).length === 1;
    if (isStale) return this.#skip('0A000', 'cached plan must not change result type', 'RevalidateCachedQuery');
    const [first] = readBind(message, 0, message.length)?.parameters ?? [];
    this.#asked = { text, user: losslessText(Buffer.from(first ?? [])) };
    this.#send(bindComplete());
  }

  #skip(sqlstate: string, message: string, routine = ''): void {
    this.#isSkipping = true;
    this.#fail(sqlstate, message, routine);
  }

  #fail(sqlstate: string, message: string, routine = ''): void {
    if (this.status === transactionStatus.inside) this.status = transactionStatus.failed;
    this.#send(errorResponse({ severity: 'ERROR', sqlstate, message, routine }));
  }

  #ready(): void {
    this.#send(...this.reports.splice(0), readyForQuery(this.status));
  }
}
