import {
  backend as from,
  backendLogin,
  Framer,
  passwordMessage,
  readAuthentication,
  readBackendKeyData,
  readParameterStatus,
  readReport,
  saslInitialResponse,
  saslResponse,
  ScramClient,
  startupMessage,
  type Authentication,
  type BackendKeyData,
  type ClientKeys,
  type Report,
} from '@medrex/pg-wire';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { tlsServerEndPoint } from '../login/tls-server-end-point.ts';
import { connect, isSocketFolder, type Address, type Addresses } from './connect.ts';
import { md5Answer, type Credentials } from './credentials.ts';

/** A connection that is logged in. Its socket is paused and has no listeners. */
export interface LoggedIn {
  readonly socket: Socket;
  readonly parameters: Map<string, string>;
  readonly key: BackendKeyData | undefined;
  /** The address of its server. */
  readonly address: Address;
  /** The network's round trip; undefined: unknown. */
  readonly roundTripMs?: number;
  /** Present if statements are translated to another dialect. */
  readonly translationTimes?: { takeMs(text: string, sinceMs: number): number };
}

/** Remembers keys derived from a password. */
export type KeysOf = (password: string, salt: Buffer, iterations: number, make: () => ClientKeys) => ClientKeys;

/** Where an upstream is, and how the proxy logs in there. */
export interface UpstreamLogin {
  /** Addresses of one server's copies, each tried if the one before could not be reached; asked for once a login. */
  readonly addresses: () => Addresses;
  /** An address could not be reached. */
  readonly unreachable: (address: Address) => void;
  readonly database: string;
  readonly credentials: Credentials;
  readonly keysOf: KeysOf;
}

interface LoginOptions extends UpstreamLogin {
  /** Settings for the session from its start. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly loggedIn: (session: LoggedIn) => void;
  /** @param address the last one that was tried */
  readonly failed: (report: Report, address: Address) => void;
}

/** It cannot be reached, or does not accept connections yet. */
const unavailable = /^(?:08|57P03)/;

/** One attempt to open a backend. Calls either `loggedIn` or `failed`, once; `abort` makes it `failed`. */
export class BackendLogin {
  readonly #options: LoginOptions;
  /** Addresses that are left to try. */
  readonly #remaining: Address[];
  #address: Address;
  #framer = new Framer(backendLogin);
  readonly #parameters = new Map<string, string>();
  #socket: Socket;
  #roundTripMs = 0;
  #key: BackendKeyData | undefined;
  #scram: ScramClient | undefined;
  #isServerProven = true;
  #isOver = false;
  readonly #onData = (chunk: Buffer): void => this.#read(chunk);
  readonly #onGone = (): void => this.#fail('08006', 'the upstream closed the connection during login');

  constructor(options: LoginOptions) {
    const [first, ...others] = options.addresses();
    this.#options = options;
    this.#remaining = others;
    this.#address = first;
    this.#socket = this.#connect();
  }

  abort(): void {
    this.#remaining.length = 0;
    this.#fail('08001', 'the login at the upstream took too long');
  }

  #connect(): Socket {
    const address = this.#address;
    const isTried = (): boolean => !this.#isOver && this.#address === address;
    return connect(address, {
      connected: (socket, roundTripMs) => {
        this.#roundTripMs = roundTripMs;
        if (isTried()) this.#begin(socket);
        else socket.destroy();
      },
      failed: (error) => {
        if (isTried()) this.#fail('08001', `the upstream cannot be reached: ${codeOf(error)}`);
      },
    });
  }

  #begin(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', this.#onData);
    socket.on('error', this.#onGone);
    socket.on('close', this.#onGone);
    const { database, credentials, settings } = this.#options;
    socket.write(startupMessage(0, Object.entries({ user: credentials.user, database, ...settings })));
  }

  #fail(sqlstate: string, message: string): void {
    this.#failWith({ severity: 'FATAL', sqlstate, message });
  }

  #failWith(report: Report): void {
    if (this.#isOver) return;
    const next = unavailable.test(report.sqlstate) ? this.#nextAddress() : undefined;
    if (next !== undefined) return this.#retryAt(next);
    this.#isOver = true;
    this.#socket.destroy();
    this.#options.failed(report, this.#address);
  }

  /** The next address, if the current one could not be reached. */
  #nextAddress(): Address | undefined {
    this.#options.unreachable(this.#address);
    return this.#remaining.shift();
  }

  #retryAt(next: Address): void {
    this.#unlisten();
    this.#socket.on('error', () => undefined).destroy();
    this.#address = next;
    this.#framer = new Framer(backendLogin);
    this.#parameters.clear();
    [this.#key, this.#scram, this.#isServerProven] = [undefined, undefined, true];
    this.#socket = this.#connect();
  }

  #unlisten(): void {
    const socket = this.#socket;
    socket.off('data', this.#onData);
    socket.off('error', this.#onGone);
    socket.off('close', this.#onGone);
  }

  #read(chunk: Buffer): void {
    const framer = this.#framer;
    framer.feed(chunk);
    while (!this.#isOver && framer.next()) this.#handleMessage(framer);
    if (framer.fault !== undefined) this.#fail(framer.fault.sqlstate, 'the upstream does not speak PostgreSQL');
  }

  #handleMessage({ type, buffer, start, end }: Framer): void {
    switch (type) {
      case from.authentication:
        return this.#authenticate(readAuthentication(buffer, start, end));
      case from.errorResponse: {
        const report = readReport(buffer, start, end);
        return report === undefined
          ? this.#fail('08P01', 'the upstream sent a malformed error')
          : this.#failWith(report);
      }
      case from.parameterStatus: {
        const { name, value } = readParameterStatus(buffer, start, end) ?? { name: '', value: '' };
        if (name !== '') this.#parameters.set(name, value);
        return;
      }
      case from.backendKeyData:
        this.#key = readBackendKeyData(buffer, start, end);
        return;
      case from.readyForQuery:
        return this.#finish();
      default: // notices
    }
  }

  #finish(): void {
    if (!this.#isServerProven) return this.#fail('08P01', 'the upstream has not shown that it knows the password');
    this.#isOver = true;
    const socket = this.#socket;
    socket.pause();
    this.#unlisten();
    const { remoteAddress: ipAddress } = socket;
    const address = ipAddress === undefined ? this.#address : { ...this.#address, ipAddress };
    this.#options.loggedIn({
      socket,
      parameters: this.#parameters,
      key: this.#key,
      address,
      roundTripMs: this.#roundTripMs,
    });
  }

  #authenticate(asked: Authentication | undefined): void {
    switch (asked?.kind) {
      case 'ok':
        return;
      case 'cleartext':
        return this.#sendPassword();
      case 'md5':
        return this.#send(md5Answer(this.#options.credentials, asked.salt));
      case 'sasl':
        return this.#beginScram(asked.mechanisms);
      case 'saslContinue':
        return this.#continueScram(asked.data);
      case 'saslFinal':
        return this.#endScram(asked.data);
      default:
        return this.#fail('28000', 'the upstream asks for a way to log in that is not known');
    }
  }

  #send(password: string | undefined): void {
    if (password === undefined) this.#fail('28P01', 'there is no password for the upstream that it takes');
    else this.#socket.write(passwordMessage(password));
  }

  /** Only if nobody else can read it, or the configuration allows it. */
  #sendPassword(): void {
    const { secret } = this.#options.credentials;
    const isPrivate = this.#socket instanceof TLSSocket || isSocketFolder(this.#address.host);
    if (!isPrivate && !this.#address.allowCleartext)
      return this.#fail('28000', 'the upstream asks for a password without TLS');
    this.#send(secret.kind === 'password' ? secret.password : undefined);
  }

  #beginScram(mechanisms: readonly string[]): void {
    const { credentials, keysOf } = this.#options;
    const { secret } = credentials;
    if (secret.kind === 'md5' || secret.kind === 'none')
      return this.#fail('28P01', 'there is no password for the upstream that it takes');
    const endPoint = this.#endPoint();
    this.#scram = ScramClient.of(mechanisms, {
      nonce: randomBytes(18).toString('base64'),
      ...(secret.kind === 'keys'
        ? { secret: secret.keys }
        : {
            secret: secret.password,
            keysOf: (salt, iterations, make) => keysOf(secret.password, salt, iterations, make),
          }),
      ...(endPoint !== undefined && { endPoint }),
    });
    if (this.#scram === undefined) return this.#fail('28000', 'the upstream offers no SASL mechanism that is known');
    this.#isServerProven = false;
    this.#socket.write(saslInitialResponse({ mechanism: this.#scram.mechanism, data: this.#scram.first() }));
  }

  #continueScram(data: Buffer): void {
    const step = this.#scram?.continue(data);
    if (step?.kind === 'continue') this.#socket.write(saslResponse(step.data));
    else this.#fail('08P01', 'the upstream sent a malformed SASL message');
  }

  #endScram(data: Buffer): void {
    if (this.#scram?.final(data).kind === 'proven') this.#isServerProven = true;
    else this.#fail('08P01', 'the upstream does not know the password');
  }

  #endPoint(): Buffer | undefined {
    const socket = this.#socket;
    return socket instanceof TLSSocket ? tlsServerEndPoint(socket.getPeerCertificate().raw) : undefined;
  }
}

/** The code of a system error says enough; its message could contain anything. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
