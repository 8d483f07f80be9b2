import {
  backend as from,
  backendLogin,
  Framer,
  query,
  readAuthentication,
  saslInitialResponse,
  saslResponse,
  ScramClient,
  sslRequest,
  startupMessage,
  type Authentication,
  type ClientKeys,
} from '@medrex/pg-wire';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface WireLoginOptions {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly isEncrypted?: boolean;
}

/** A logged-in connection, and the login time from its first byte. */
export interface LoggedIn {
  readonly socket: Socket;
  readonly ms: number;
}

const keys = new Map<string, ClientKeys>();
/** Caches the client keys, since deriving them takes the client a millisecond. */
const keysOf = (salt: Buffer, iterations: number, make: () => ClientKeys): ClientKeys => {
  const key = `${salt.toString('base64')} ${iterations}`;
  const known = keys.get(key) ?? make();
  keys.set(key, known);
  return known;
};

/** Logs in, by SCRAM if the server requires it. @throws Error when the login is refused */
export async function wireLogin(options: WireLoginOptions): Promise<LoggedIn> {
  const { port, user, password, database, isEncrypted = false } = options;
  const plain = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(plain, 'connect');
  const startedAt = performance.now();
  const socket = isEncrypted ? await encrypted(plain) : plain;
  socket.write(startupMessage(0, Object.entries({ user, database })));
  await new Promise<void>((ready, failed) => {
    const dialogue = new Dialogue(socket, password, ready, failed);
    socket.on('error', failed);
    socket.on('close', () => failed(new Error('the server closed the connection')));
    socket.on('data', (chunk: Buffer) => dialogue.read(chunk));
  });
  const ms = performance.now() - startedAt;
  socket.removeAllListeners();
  socket.on('error', () => socket.destroy());
  return { socket, ms };
}

/** Upgrades to TLS by SSLRequest, without verifying the certificate. */
async function encrypted(plain: Socket): Promise<Socket> {
  const answered = once(plain, 'data');
  plain.write(sslRequest());
  await answered;
  plain.removeAllListeners();
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
}

class Dialogue {
  readonly #framer = new Framer(backendLogin);
  readonly #socket: Socket;
  readonly #password: string;
  readonly #ready: () => void;
  readonly #failed: (error: Error) => void;
  #scram: ScramClient | undefined;

  constructor(socket: Socket, password: string, ready: () => void, failed: (error: Error) => void) {
    this.#socket = socket;
    this.#password = password;
    this.#ready = ready;
    this.#failed = failed;
  }

  read(chunk: Buffer): void {
    const framer = this.#framer;
    framer.feed(chunk);
    while (framer.next()) {
      const { type, buffer, start, end } = framer;
      if (type === from.errorResponse) this.#failed(new Error(buffer.toString('utf8', start, end)));
      if (type === from.readyForQuery) this.#ready();
      if (type === from.authentication) this.#prove(readAuthentication(buffer, start, end));
    }
  }

  #prove(asked: Authentication | undefined): void {
    if (asked?.kind === 'sasl') {
      const nonce = randomBytes(18).toString('base64');
      const scram = ScramClient.of(asked.mechanisms, { secret: this.#password, nonce, keysOf });
      this.#scram = scram;
      if (scram === undefined) this.#failed(new Error('the server asks for another SASL than SCRAM-SHA-256'));
      else this.#socket.write(saslInitialResponse({ mechanism: scram.mechanism, data: scram.first() }));
    } else if (asked?.kind === 'saslContinue') {
      const step = this.#scram?.continue(asked.data);
      if (step?.kind === 'continue') this.#socket.write(saslResponse(step.data));
    }
  }
}

/** Sends a query and waits for the first bytes of the answer. */
export async function askOnce({ socket }: LoggedIn): Promise<void> {
  const answered = new Promise<void>((answer) => socket.once('data', () => answer()));
  socket.write(query('select 1'));
  await answered;
}
