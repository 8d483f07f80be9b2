import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes counted for a request without Content-Length. */
const unknownBytes = 1024 * 1024;

/** Limits the bytes of all requests in progress, since bodies are buffered whole in memory. */
export class RequestsInProgress {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a request until it is answered or aborted. @returns false, without counting it, when there is no room */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const bytes = bytesOf(request);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    response.once('close', () => (this.#bytes -= bytes));
    return true;
  }
}

function bytesOf({ headers, method }: IncomingMessage): number {
  const length = headers['content-length'];
  if (length !== undefined) return Number(length);
  return method === 'GET' || method === 'HEAD' || headers['transfer-encoding'] === undefined ? 0 : unknownBytes;
}
