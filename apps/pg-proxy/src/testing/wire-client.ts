import {
  backend as from,
  backendLogin,
  backendSession,
  Framer,
  md5Password,
  md5Response,
  passwordMessage,
  readAuthentication,
  readBackendKeyData,
  readCommandComplete,
  readDataRow,
  readReport,
  saslInitialResponse,
  saslResponse,
  ScramClient,
  startupMessage,
  type BackendKeyData,
} from '@medrex/pg-wire';
import { connect, type Socket } from 'node:net';

export interface WireClientOptions {
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly minor?: number;
  /** Replaces a connection to `port`. */
  readonly socket?: Socket;
  /** The hash of the server's certificate. */
  readonly endPoint?: Buffer;
  /** How parameters and, after login, any message are described instead of the default; undefined: not at all. */
  readonly wordOf?: (type: number, message: Buffer) => string | undefined;
}

/** Connection options from a URL in libpq's form. A server with trust authentication needs no password, but the proxy does. */
export function accessOf(href: string): Pick<WireClientOptions, 'port' | 'user' | 'password' | 'database'> {
  const { port, username, password, pathname } = new URL(href);
  const [user, secret] = [username, password === '' ? 'secret' : password].map(decodeURIComponent);
  return { port: Number(port), user: user!, password: secret!, database: decodeURIComponent(pathname.slice(1)) };
}

/** Each message in one piece. */
const whole = { ...backendSession, contiguous: backendSession.bodyMax };

/** A client that sends only what a test tells it, and describes what it receives in words. */
export class WireClient {
  readonly socket: Socket;
  key: BackendKeyData | undefined;
  readonly #framer = new Framer(backendLogin);
  readonly #heard: string[] = [];
  #wake: (() => void) | undefined;
  #scram: ScramClient | undefined;
  readonly #password: string;
  readonly #endPoint: Buffer | undefined;
  readonly #ownWordOf: WireClientOptions['wordOf'];
  #isIn = false;
  /** The authentication method that was used. */
  mechanism = '';
  isClosed = false;

  private constructor(socket: Socket, password: string, { endPoint, wordOf }: WireClientOptions) {
    this.socket = socket;
    this.#endPoint = endPoint;
    this.#ownWordOf = wordOf;
    this.#password = password;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake?.();
    });
  }

  /** Connects and starts to log in; `until('Z I')` waits for the end of the login. */
  static open(options: WireClientOptions): WireClient {
    const { port, user = 'app', password = 'secret', database = 'app', parameters = {}, minor = 0 } = options;
    const socket = options.socket ?? connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new WireClient(socket, password, options);
    client.send(startupMessage(minor, Object.entries({ user, database, ...parameters })));
    return client;
  }

  static async in(options: WireClientOptions): Promise<WireClient> {
    const client = WireClient.open(options);
    await client.until('Z I');
    return client;
  }

  send(...messages: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** What was received up to `last`, which may be the beginning of a word, or `closed`. */
  async until(last: string): Promise<string[]> {
    for (;;) {
      const at = this.#heard.findIndex((word) => word.startsWith(last));
      if (at >= 0) return this.#heard.splice(0, at + 1);
      if (this.isClosed) return last === 'closed' ? this.#heard.splice(0) : this.#stop(last);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async ask(...messages: readonly Uint8Array[]): Promise<string[]> {
    this.send(...messages);
    return this.until('Z');
  }

  close(): void {
    this.socket.destroy();
  }

  #stop(last: string): never {
    throw new Error(`closed before ${last}: ${this.#heard.join(', ')}`);
  }

  #read(chunk: Buffer): void {
    this.#framer.feed(chunk);
    while (this.#framer.next()) {
      const { type, buffer, start, end } = this.#framer;
      const message = buffer.subarray(start, end);
      const isTold = this.#isIn || type === from.parameterStatus;
      const word = isTold && this.#ownWordOf ? this.#ownWordOf(type, message) : this.#wordOf(type, message);
      if (type === from.readyForQuery) {
        this.#framer.rules = whole;
        this.#isIn = true;
      }
      if (word !== undefined) this.#heard.push(word);
    }
    if (this.#framer.fault !== undefined) this.#heard.push(`fault ${this.#framer.fault.message}`);
    this.#wake?.();
  }

  #wordOf(type: number, message: Buffer): string | undefined {
    const { length } = message;
    switch (type) {
      case from.authentication:
        return this.#prove(message);
      case from.backendKeyData:
        this.key = readBackendKeyData(message, 0, length);
        return undefined;
      case from.errorResponse:
      case from.noticeResponse: {
        const { severity, sqlstate, message: text } = readReport(message, 0, length)!;
        return `${severity} ${sqlstate} ${text}`;
      }
      case from.dataRow:
        return `D ${readDataRow(message, 0, length)!.map(String).join(',')}`;
      case from.commandComplete:
        return `C ${readCommandComplete(message, 0, length)}`;
      case from.readyForQuery:
        return `Z ${String.fromCharCode(message[5]!)}`;
      case from.parameterStatus:
        return undefined;
      default:
        return String.fromCharCode(type);
    }
  }

  #prove(message: Buffer): string | undefined {
    const asked = readAuthentication(message, 0, message.length);
    if (asked?.kind !== 'ok' && asked?.kind.startsWith('sasl') === false) this.mechanism = asked.kind;
    if (asked?.kind === 'cleartext') this.send(passwordMessage(this.#password));
    if (asked?.kind === 'md5') this.send(passwordMessage(md5Response(md5Password('app', this.#password), asked.salt)));
    if (asked?.kind === 'sasl') {
      this.#scram = ScramClient.of(asked.mechanisms, {
        secret: this.#password,
        nonce: 'client',
        ...(this.#endPoint !== undefined && { endPoint: this.#endPoint }),
      })!;
      this.mechanism = this.#scram.mechanism;
      this.send(saslInitialResponse({ mechanism: this.#scram.mechanism, data: this.#scram.first() }));
    }
    if (asked?.kind === 'saslContinue') {
      const step = this.#scram!.continue(asked.data);
      if (step.kind === 'continue') this.send(saslResponse(step.data));
    }
    if (asked?.kind === 'saslFinal' && this.#scram!.final(asked.data).kind !== 'proven') return 'server not proven';
    return undefined;
  }
}
