import { createServer, connect, type Server, type Socket } from 'node:net';

/** A TCP relay in front of a real peer or orderer, with which a test can silence or disconnect it. */
export class WireProxy {
  readonly address: string;
  readonly #server: Server;
  readonly #pairs: Set<readonly [Socket, Socket]>;
  #isSilent = false;

  private constructor(address: string, server: Server, pairs: Set<readonly [Socket, Socket]>) {
    this.address = address;
    this.#server = server;
    this.#pairs = pairs;
  }

  /** @param target `host:port` */
  static async open(target: string): Promise<WireProxy> {
    const [host = '', port = ''] = target.split(':');
    const pairs = new Set<readonly [Socket, Socket]>();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const at = server.address();
    const proxy = new WireProxy(`127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`, server, pairs);
    server.on('connection', (near) => {
      const far = connect(Number(port), host);
      const pair = [near, far] as const;
      pairs.add(pair);
      for (const [one, other] of [pair, [far, near] as const]) {
        one.on('error', () => other.destroy());
        one.on('close', () => {
          other.destroy();
          pairs.delete(pair);
        });
      }
      near.pipe(far);
      far.pipe(near);
      if (proxy.#isSilent) proxy.#hold(far);
    });
    return proxy;
  }

  /** From now on nothing from the target arrives; connections stay open. */
  silence(): void {
    this.#isSilent = true;
    for (const [, far] of this.#pairs) this.#hold(far);
  }

  /** Delivers what was held back, and everything after it. */
  speak(): void {
    this.#isSilent = false;
    for (const [near, far] of this.#pairs) far.pipe(near);
  }

  /** Breaks every connection; new ones are accepted. */
  cut(): void {
    for (const [near] of this.#pairs) near.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #hold(far: Socket): void {
    far.unpipe();
    far.pause();
  }
}
