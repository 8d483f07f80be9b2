import {
  authentication,
  encryptionAnswer,
  fatal,
  Framer,
  frontendLogin,
  negotiate,
  negotiateProtocolVersion,
  protocolViolation,
  readStartup,
  type CancelRequest,
  type ClientKeys,
  type StartupMessage,
  type StartupPacket,
  type WireFault,
} from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { AuthStep, ClientAuth } from './client-auth.ts';

/** A client that has shown who he is. */
export interface Newcomer {
  readonly socket: Socket;
  readonly user: string;
  readonly database: string;
  /** Protocol 3.minor. */
  readonly minor: number;
  readonly parameters: ReadonlyMap<string, string>;
  readonly keys: ClientKeys | undefined;
  readonly password: string | undefined;
}

export interface TlsForClients {
  readonly context: SecureContext;
  readonly endPoint: Buffer | undefined;
  readonly isRequired: boolean;
}

/** What an arrival asks of the proxy. */
export interface Reception {
  readonly tls: TlsForClients | undefined;
  readonly loginTimeoutMs: number;
  authOf(user: string, tls: TlsForClients | undefined): ClientAuth;
  /** `done` when the request has arrived where it is for, or is for nobody. */
  cancel(request: CancelRequest, done: () => void): void;
  enter(newcomer: Newcomer): void;
  /** It has gone, was sent away or has entered. */
  done(arrival: Arrival): void;
  refused(fault: WireFault): void;
}

/** PostgreSQL's protocol by ALPN, which a client must offer that begins with TLS at once. */
const alpn = 'postgresql';

/** A connection from accept to login: encryption, the startup packet, the proof. Nothing of it is trusted yet, and little is kept. */
export class Arrival {
  #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #tls: TlsForClients | undefined;
  #startup: StartupMessage | undefined;
  #auth: ClientAuth | undefined;
  readonly #framer = new Framer(frontendLogin);
  readonly #reception: Reception;
  readonly #timer: NodeJS.Timeout;
  #isDone = false;
  readonly #onData = (chunk: Buffer): void => this.#read(chunk);
  readonly #onGone = (): void => this.#finish();

  constructor(socket: Socket, reception: Reception) {
    this.#socket = socket;
    this.#reception = reception;
    this.#timer = setTimeout(() => this.#socket.destroy(), reception.loginTimeoutMs);
    this.#listen();
  }

  /** The proxy ends. */
  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on('data', this.#onData);
    this.#socket.on('error', this.#onGone);
    this.#socket.on('close', this.#onGone);
  }

  #unlisten(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('error', this.#onGone);
    this.#socket.off('close', this.#onGone);
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    this.#reception.done(this);
    if (!this.#socket.destroyed) this.#socket.destroySoon();
  }

  #refuse(fault: WireFault): void {
    this.#reception.refused(fault);
    this.#socket.write(fatal(fault));
    this.#finish();
  }

  #read(chunk: Buffer): void {
    if (this.#isDone) return;
    if (this.#auth !== undefined) this.#prove(chunk);
    else this.#readPackets(chunk);
  }

  #readPackets(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (!this.#isDone && this.#auth === undefined) {
      const reading = readStartup(this.#received);
      if (reading.kind === 'incomplete') return;
      if (reading.kind === 'fault') return this.#refuse(reading.fault);
      if (reading.kind === 'tls') return this.#startDirectTls();
      const rest = this.#received.subarray(reading.bytes);
      this.#received = rest;
      if (this.#take(reading.packet, rest)) return;
    }
  }

  /** True: the bytes behind it are not packets. */
  #take(packet: StartupPacket, rest: Buffer): boolean {
    switch (packet.kind) {
      case 'ssl':
        return this.#answerSsl(rest);
      case 'gssenc':
        this.#socket.write(encryptionAnswer.no);
        return false;
      case 'cancel':
        // Who cancels takes the end of the connection as the sign that it is done.
        this.#reception.cancel(packet, () => this.#finish());
        return true;
      case 'startup':
        this.#begin(packet);
        if (rest.length > 0 && !this.#isDone) this.#prove(rest);
        return true;
    }
  }

  #answerSsl(rest: Buffer): boolean {
    const { tls } = this.#reception;
    if (tls === undefined || this.#tls !== undefined) {
      this.#socket.write(encryptionAnswer.no);
      return false;
    }
    // Bytes before the handshake could be anybody's.
    if (rest.length > 0) {
      this.#refuse(protocolViolation('received unencrypted data after SSL request'));
      return true;
    }
    this.#socket.write(encryptionAnswer.yes);
    this.#startTls(tls, false);
    return true;
  }

  #startDirectTls(): void {
    const { tls } = this.#reception;
    if (tls === undefined || this.#tls !== undefined) {
      this.#refuse(protocolViolation('direct TLS is not offered here'));
      return;
    }
    const received = this.#received;
    this.#received = Buffer.alloc(0);
    this.#startTls(tls, true, received);
  }

  #startTls(tls: TlsForClients, isDirect: boolean, received: Buffer = Buffer.alloc(0)): void {
    const plain = this.#socket;
    this.#unlisten();
    plain.pause();
    if (received.length > 0) plain.unshift(received);
    plain.on('error', this.#onGone);
    const secure = new TLSSocket(plain, { isServer: true, secureContext: tls.context, ALPNProtocols: [alpn] });
    this.#socket = secure;
    this.#tls = tls;
    this.#listen();
    secure.once('secure', () => {
      if (isDirect && secure.alpnProtocol !== alpn)
        this.#refuse(
          protocolViolation('received direct SSL connection request without ALPN protocol negotiation extension'),
        );
    });
  }

  #begin(packet: StartupMessage): void {
    const user = packet.parameters.get('user') ?? '';
    const isPlain = this.#tls === undefined;
    if (isPlain && this.#reception.tls?.isRequired === true)
      return this.#refuse({ sqlstate: '28000', message: 'this server takes clients over TLS only' });
    if (user === '')
      return this.#refuse({ sqlstate: '28000', message: 'no PostgreSQL user name specified in startup packet' });
    if (isReplication(packet.parameters.get('replication')))
      return this.#refuse({ sqlstate: '0A000', message: 'replication connections are not taken by pg-proxy' });
    const { minor, declined, isAsked } = negotiate(packet);
    if (!isAsked) this.#socket.write(negotiateProtocolVersion({ minor, declined }));
    this.#startup = { ...packet, minor };
    this.#auth = this.#reception.authOf(user, this.#tls);
    this.#follow(this.#auth.begin(), Buffer.alloc(0));
  }

  #prove(chunk: Buffer): void {
    const framer = this.#framer;
    framer.feed(chunk);
    while (!this.#isDone && framer.next()) {
      const rest = framer.unread === 0 ? Buffer.alloc(0) : chunk.subarray(chunk.length - framer.unread);
      const step = this.#auth?.next(framer.buffer, framer.start, framer.end);
      if (step !== undefined) this.#follow(step, rest);
    }
    if (!this.#isDone && framer.fault !== undefined) this.#refuse(framer.fault);
  }

  #follow(step: AuthStep, rest: Buffer): void {
    switch (step.kind) {
      case 'ask':
        this.#socket.write(step.message);
        return;
      case 'out':
        return this.#refuse(step.fault);
      case 'in':
        return this.#enter(step, rest);
    }
  }

  #enter({ message, keys, password }: Extract<AuthStep, { kind: 'in' }>, rest: Buffer): void {
    const startup = this.#startup;
    if (startup === undefined) return;
    if (message !== undefined) this.#socket.write(message);
    this.#socket.write(authentication({ kind: 'ok' }));
    this.#isDone = true;
    clearTimeout(this.#timer);
    this.#unlisten();
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#reception.done(this);
    const { parameters, minor } = startup;
    const user = parameters.get('user') ?? '';
    const database = parameters.get('database') ?? '';
    this.#reception.enter({
      ...{ socket: this.#socket, user, database: database === '' ? user : database, minor, parameters, keys, password },
    });
  }
}

/** As PostgreSQL reads a boolean, and `database` for logical replication. */
function isReplication(value: string | undefined): boolean {
  return value !== undefined && !/^(?:f|fa|fal|fals|false|no?|off?|0)?$/i.test(value);
}
