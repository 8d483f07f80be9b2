import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A token endpoint that answers every request with a token, or with 503 while it is down. */
export class TokenServer {
  isDown = false;
  /** Number of tokens issued. */
  given = 0;
  /** Number of requests answered with 503. */
  refused = 0;
  readonly #server: Server;

  private constructor(token: () => string, expiresIn: number) {
    this.#server = createServer((request, response) => {
      request.resume();
      if (this.isDown) {
        this.refused += 1;
        response.writeHead(503).end();
        return;
      }
      this.given += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ access_token: token(), token_type: 'Bearer', expires_in: expiresIn }));
    });
  }

  /** @param expiresIn lifetime of tokens in seconds, as stated in the answer */
  static async start(token: () => string, expiresIn: number): Promise<TokenServer> {
    const made = new TokenServer(token, expiresIn);
    await new Promise<void>((ready) => made.#server.listen(0, '127.0.0.1', ready));
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
