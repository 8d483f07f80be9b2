import { Agent as HttpAgent, request as httpRequest, type AgentOptions, type ClientRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { ObservedPool, PoolState } from '@medrex/contracts';

/** A POST request and its answer. */
export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Time limit from the call to the end of the answer, including the wait for a connection. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** How long an idle connection is kept; identity providers close theirs after a minute or more. */
const idleMs = 30_000;
/** Larger than any token; a longer answer is not read further. */
const answerBytesMax = 1 << 20;

type PoolAgent = HttpAgent | HttpsAgent;

/** A bounded pool of keep-alive connections to an HTTP server, with statistics. It follows no redirects. */
export class HttpPool implements ObservedPool {
  readonly name = 'http';
  readonly #agent: PoolAgent;
  readonly #isSecure: boolean;
  readonly #connectionsMax: number;
  #onWaited: (waitedMs: number) => void = () => undefined;
  #onConnectionFailed: () => void = () => undefined;

  /** @param origin the server's address; its scheme selects TLS */
  constructor(origin: string, connectionsMax: number) {
    const options: AgentOptions = { keepAlive: true, maxTotalSockets: connectionsMax, timeout: idleMs };
    this.#connectionsMax = connectionsMax;
    this.#isSecure = new URL(origin).protocol === 'https:';
    this.#agent = this.#isSecure ? new HttpsAgent(options) : new HttpAgent(options);
  }

  state(): PoolState {
    const { sockets, freeSockets, requests } = this.#agent;
    return {
      inUse: lengthOf(sockets),
      idle: lengthOf(freeSockets),
      waiting: lengthOf(requests),
      connectionsMax: this.#connectionsMax,
    };
  }

  onWaited(listener: (waitedMs: number) => void): void {
    this.#onWaited = listener;
  }

  onConnectionFailed(listener: () => void): void {
    this.#onConnectionFailed = listener;
  }

  /** @throws the error of the connection, or a timeout */
  async post(post: HttpPost): Promise<HttpAnswer> {
    const signal = AbortSignal.timeout(post.timeoutMs);
    try {
      return await this.#send(post, signal);
    } catch (error) {
      // A request on a connection that the server closed while idle never arrived, so the next connection is tried.
      if (!(error instanceof ClosedWhileIdle)) throw error;
      return this.#send(post, signal);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send({ url, headers, body }: HttpPost, signal: AbortSignal): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const send = this.#isSecure ? httpsRequest : httpRequest;
      const length = String(Buffer.byteLength(body));
      const sent = send(url, {
        method: 'POST',
        agent: this.#agent,
        signal,
        headers: { ...headers, 'content-length': length },
      });
      this.#watch(sent);
      sent.on('response', (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          parts.push(part);
          bytes += part.length;
          if (bytes > answerBytesMax) sent.destroy(new Error(`the answer is larger than ${answerBytesMax} bytes`));
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
        );
        response.on('error', reject);
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = sent.reusedSocket && error.code === 'ECONNRESET';
        if (!isStale && !signal.aborted) this.#onConnectionFailed();
        reject(isStale ? new ClosedWhileIdle() : error);
      });
      sent.end(body);
    });
  }

  /** Measures the wait for a connection; a new one counts from its creation. */
  #watch(sent: ClientRequest): void {
    const askedMs = performance.now();
    sent.once('socket', (socket: Socket) => {
      const have = (): void => this.#onWaited(performance.now() - askedMs);
      if (socket.connecting) socket.once(this.#isSecure ? 'secureConnect' : 'connect', have);
      else have();
    });
  }
}

class ClosedWhileIdle extends Error {}

function lengthOf(lists: NodeJS.ReadOnlyDict<readonly unknown[]>): number {
  return Object.values(lists).reduce((sum, list) => sum + (list?.length ?? 0), 0);
}
