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
  type EncryptionRequest,
  type StartupMessage,
  type StartupPacket,
  type WireFault,
} from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { internalError } from '../internal-error.ts';
import { descriptorOf, releaseSocket } from '../session/backend/read-socket.ts';
import { Outbox } from '../session/backend/outbox.ts';
import { certificateNameOf } from './certificate-name.ts';
import { needsCertificate, type AuthStep, type ClientAuth } from './client-auth.ts';
import type { LoginRequest, LoginContext, ClientTls } from './login-context.ts';
import { unixAddress } from './unix-socket.ts';

/** PostgreSQL's protocol name in ALPN, which a client that starts with TLS directly must offer. */
const alpn = 'postgresql';
/** Only logged, as PostgreSQL does it: the client may be in the middle of a handshake. */
const loginTimeout: WireFault = {
  sqlstate: '57014',
  message: 'canceling authentication due to timeout',
  isSilent: true,
};
const emptyBuffer = Buffer.alloc(0);
/** How many bytes a client may send ahead while a question about it is pending. */
const heldBytesMax = 16_384;

/** A connection from accept to login: encryption, startup packet, authentication. Nothing of it is trusted yet, and little is stored. */
export class LoginConnection {
  #socket: Socket;
  #outbox: Outbox;
  #received: Buffer = emptyBuffer;
  #tls: ClientTls | undefined;
  #startup: StartupMessage | undefined;
  #auth: ClientAuth | undefined;
  #request: LoginRequest | undefined;
  /** A question is pending; what arrives meanwhile is stored. */
  #isHeld = false;
  #framer = new Framer(frontendLogin);
  readonly #context: LoginContext;
  readonly #address: string;
  /** The TLS offered to the client; none on the Unix socket, as PostgreSQL does it. */
  readonly #offeredTls: ClientTls | undefined;
  readonly #deadlineMs: number;
  #isDone = false;
  /** Requests that were answered: encryption must not be requested twice, nor within TLS. */
  readonly #answered = new Set<EncryptionRequest>();
  readonly #onData = (chunk: Buffer): void => this.#read(chunk);
  readonly #onGone = (): void => this.#finish();
  readonly #onClosed = (): void => {
    this.#finish();
    releaseSocket(this.#socket);
  };

  constructor(socket: Socket, isLocal: boolean, context: LoginContext) {
    this.#address = isLocal ? unixAddress : (socket.remoteAddress ?? '');
    this.#offeredTls = isLocal ? undefined : context.tls;
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    this.#context = context;
    this.#deadlineMs = context.now() + context.loginTimeoutMs;
    this.#listen();
  }

  /** Disconnects clients that have not logged in in time. */
  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.#timeOut();
  }

  /** The proxy ends. */
  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on('data', this.#onData);
    this.#socket.on('error', this.#onGone);
    this.#socket.on('close', this.#onClosed);
  }

  #unlisten(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('error', this.#onGone);
    this.#socket.off('close', this.#onClosed);
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#context.ended(this);
    if (!this.#socket.destroyed) this.#socket.destroySoon();
  }

  #refuse(fault: WireFault): void {
    this.#context.refused(fault, addressText(this.#address, this.#socket));
    if (fault.isSilent !== true) this.#send(fatal(fault));
    this.#finish();
  }

  #timeOut(): void {
    this.#refuse(loginTimeout);
    this.#socket.destroy();
  }

  #send(message: Buffer): void {
    this.#outbox.push(message);
    this.#outbox.send();
  }

  #read(chunk: Buffer): void {
    if (this.#isDone) return;
    this.#contain(() => {
      if (this.#isHeld) this.#hold(chunk);
      else if (this.#auth !== undefined) this.#authenticate(chunk);
      else this.#readPackets(chunk);
    });
  }

  /** An error in a login ends that login only. A client that has been admitted halfway cannot be removed: that ends the process. */
  #contain(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#isDone) throw error;
      this.#context.internalError(error);
      this.#refuse(internalError);
    }
  }

  #readPackets(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (!this.#isDone && this.#auth === undefined) {
      const reading = readStartup(this.#received, this.#answered);
      if (reading.kind === 'incomplete') return;
      if (reading.kind === 'fault') return this.#refuse(reading.fault);
      if (reading.kind === 'tls') return this.#startDirectTls();
      const rest = this.#received.subarray(reading.bytes);
      this.#received = rest;
      if (this.#handlePacket(reading.packet, rest)) return;
    }
  }

  /** True: the bytes that follow are not packets. */
  #handlePacket(packet: StartupPacket, rest: Buffer): boolean {
    switch (packet.kind) {
      case 'ssl':
        this.#answered.add('ssl');
        return this.#answerSsl(rest);
      case 'gssenc':
        this.#answered.add('gssenc');
        this.#send(encryptionAnswer.no);
        return false;
      case 'cancel':
        // A client takes the end of the connection as the sign that its cancel request was handled.
        this.#context.cancel(packet, () => this.#finish());
        return true;
      case 'startup':
        this.#startUp(packet);
        return true;
    }
  }

  #answerSsl(rest: Buffer): boolean {
    const tls = this.#offeredTls;
    if (tls === undefined || this.#tls !== undefined) {
      this.#send(encryptionAnswer.no);
      return false;
    }
    // Bytes before the handshake could come from anybody.
    if (rest.length > 0) {
      this.#refuse(protocolViolation('received unencrypted data after SSL request'));
      return true;
    }
    this.#send(encryptionAnswer.yes);
    this.#startTls(tls, false);
    return true;
  }

  #startDirectTls(): void {
    const tls = this.#offeredTls;
    if (tls === undefined || this.#tls !== undefined) {
      this.#refuse(protocolViolation('direct TLS is not offered here'));
      return;
    }
    const received = this.#received;
    this.#received = emptyBuffer;
    this.#startTls(tls, true, received);
  }

  #startTls(tls: ClientTls, isDirect: boolean, received: Buffer = emptyBuffer): void {
    const plain = this.#socket;
    this.#answered.add('ssl').add('gssenc');
    this.#unlisten();
    plain.pause();
    if (received.length > 0) plain.unshift(received);
    plain.on('error', this.#onGone);
    const secure = new TLSSocket(plain, {
      isServer: true,
      secureContext: tls.context,
      ALPNProtocols: [alpn],
      requestCert: tls.requestsCertificate,
      rejectUnauthorized: false,
    });
    this.#socket = secure;
    this.#outbox = new Outbox(secure);
    this.#tls = tls;
    this.#listen();
    secure.once('secure', () => {
      if (isDirect && secure.alpnProtocol !== alpn)
        this.#refuse(
          protocolViolation('received direct SSL connection request without ALPN protocol negotiation extension'),
        );
    });
  }

  #startUp(packet: StartupMessage): void {
    const user = packet.parameters.get('user') ?? '';
    const isPlain = this.#tls === undefined;
    if (isPlain && this.#offeredTls?.isRequired === true)
      return this.#refuse({ sqlstate: '28000', message: 'this server accepts only TLS connections' });
    if (user === '')
      return this.#refuse({ sqlstate: '28000', message: 'no PostgreSQL user name specified in startup packet' });
    const replication = replicationFault(packet.parameters.get('replication'));
    if (replication !== undefined) return this.#refuse(replication);
    const certificateName =
      this.#tls?.requestsCertificate === true ? certificateNameOf(this.#socket as TLSSocket) : undefined;
    if (this.#tls?.requiresCertificate === true && certificateName === undefined) return this.#refuse(needsCertificate);
    const { minor, declined, isAccepted } = negotiate(packet);
    if (!isAccepted) this.#send(negotiateProtocolVersion({ minor, declined }));
    this.#startup = { ...packet, minor };
    const database = packet.parameters.get('database') ?? '';
    const asked = database === '' ? user : database;
    const descriptor = descriptorOf(this.#socket);
    this.#findAuth({
      user,
      database: asked,
      isEncrypted: !isPlain,
      certificateName,
      descriptor,
      address: this.#address,
    });
  }

  /** What follows the startup packet waits for the answer. */
  #findAuth(request: LoginRequest): void {
    this.#request = request;
    this.#isHeld = true;
    this.#context.authOf(request, this.#tls, (auth) => {
      if (this.#isDone) return;
      if ('sqlstate' in auth) return this.#refuse(auth);
      this.#contain(() => {
        this.#auth = auth;
        this.#resume(auth.begin());
      });
    });
  }

  #hold(chunk: Buffer): void {
    if (this.#received.length + chunk.length > heldBytesMax)
      return this.#refuse(protocolViolation('too much was sent before the login'));
    this.#received = Buffer.concat([this.#received, chunk]);
  }

  #resume(step: AuthStep): void {
    const held = this.#received;
    this.#received = emptyBuffer;
    this.#isHeld = false;
    this.#handleStep(step, held);
    if (held.length > 0 && step.kind === 'challenge') this.#authenticate(held);
  }

  #authenticate(chunk: Buffer): void {
    const framer = this.#framer;
    framer.feed(chunk);
    while (!this.#isDone && !this.#isHeld && framer.next()) {
      const rest = framer.unread === 0 ? emptyBuffer : chunk.subarray(chunk.length - framer.unread);
      const step = this.#auth?.next(framer.buffer, framer.start, framer.end);
      if (step !== undefined) this.#handleStep(step, rest);
    }
    if (!this.#isDone && framer.fault !== undefined) this.#refuse(framer.fault);
  }

  #handleStep(step: AuthStep, rest: Buffer): void {
    switch (step.kind) {
      case 'challenge':
        return this.#send(step.message);
      case 'refused':
        if (this.#request !== undefined) this.#context.authFailed(this.#request);
        return this.#refuse(step.fault);
      case 'pending':
        return this.#await(step.step, rest);
      case 'accepted':
        return this.#admit(step, rest);
    }
  }

  /** A new framer starts with the bytes that were stored meanwhile. */
  #await(step: Promise<AuthStep>, rest: Buffer): void {
    this.#isHeld = true;
    this.#received = Buffer.from(rest);
    this.#framer = new Framer(frontendLogin);
    void step.then((next) => {
      if (!this.#isDone) this.#contain(() => this.#resume(next));
    });
  }

  #admit({ message, upstreamSecret, isOwner = false }: Extract<AuthStep, { kind: 'accepted' }>, rest: Buffer): void {
    const [startup, request] = [this.#startup, this.#request];
    if (startup === undefined || request === undefined) return;
    const ok = authentication({ kind: 'ok' });
    const authMessages = message === undefined ? ok : Buffer.concat([message, ok]);
    this.#isDone = true;
    this.#unlisten();
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#context.ended(this);
    const { parameters, minor } = startup;
    const { user, database, address } = request;
    this.#context.admit({
      socket: this.#socket,
      address,
      user,
      database,
      minor,
      parameters,
      authMessages,
      upstreamSecret,
      isOwner,
    });
  }
}

/** Where a connection comes from, in words. */
export function addressText(address: string, { remotePort = 0 }: Socket): string {
  if (address === unixAddress) return address;
  return `${address.includes(':') ? `[${address}]` : address}:${remotePort}`;
}

/** A boolean in PostgreSQL's notation, or `database` for logical replication. */
function replicationFault(value: string | undefined): WireFault | undefined {
  if (value === undefined || /^(?:f|fa|fal|fals|false|no?|off?|0)$/i.test(value)) return undefined;
  if (value === 'database' || /^(?:t|tr|tru|true|y|ye|yes|on|1)$/i.test(value))
    return {
      sqlstate: '0A000',
      message: 'pg-proxy does not support replication connections: connect to the server itself',
    };
  return {
    sqlstate: '22023',
    message: `invalid value for parameter "replication": "${value}"`,
    hint: 'Valid values are: "false", 0, "true", 1, "database".',
  };
}
