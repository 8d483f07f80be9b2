import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a request without Content-Length is counted for until it has ended. */
const unknownBytes = 1024 * 1024;

/** Bytes of the requests that are being read and answered: bodies are held whole, so many at once are as much as one that is too large. */
export class RequestsInHand {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a request until it is answered or broken off. @returns false, and counts nothing, when there is no room for it. */
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
