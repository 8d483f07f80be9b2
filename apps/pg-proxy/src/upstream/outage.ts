import { reach, type Address } from './connect.ts';

/** How often a server that did not answer is tried, and how long it may take to. */
const probeMs = 1_000;

export interface OutageOptions {
  readonly now: () => number;
  /** Of all upstreams that are configured. */
  readonly upstreams: () => readonly string[];
  readonly addressesOf: (upstream: string) => readonly Pick<Address, 'host' | 'port'>[];
  /** It takes connections, after it did not. */
  readonly isBack?: (upstream: string) => void;
}

/**
 * Which upstreams cannot be reached. A login that fails for that says so; as long as it lasts the server is tried here,
 * because where nobody is sent any more, nobody logs in either.
 */
export class Outage {
  readonly #options: OutageOptions;
  /** Since when. */
  readonly #lost = new Map<string, number>();
  /** Those that have not taken a connection that was tried here. */
  readonly #refusing = new Set<string>();
  /** How many connections to it are tried at the moment. */
  readonly #probing = new Map<string, number>();
  #probedAtMs = -Infinity;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** A connection to it failed. */
  failed(upstream: string): void {
    if (!this.#lost.has(upstream)) this.#lost.set(upstream, this.#options.now());
  }

  /** It has taken a connection. */
  reached(upstream: string): void {
    this.#lost.delete(upstream);
    if (this.#refusing.delete(upstream)) this.#options.isBack?.(upstream);
  }

  /** How long no upstream at all could be reached; 0 where one can, or nobody knows better. */
  get lastsMs(): number {
    const upstreams = this.#options.upstreams();
    const since = upstreams.map((upstream) => this.#lost.get(upstream) ?? Infinity);
    return since.length === 0 ? 0 : Math.max(0, this.#options.now() - Math.max(...since));
  }

  tick(): void {
    if (this.#lost.size === 0 || this.#options.now() - this.#probedAtMs < probeMs) return;
    this.#probedAtMs = this.#options.now();
    const configured = new Set(this.#options.upstreams());
    for (const upstream of [...this.#lost.keys()])
      if (configured.has(upstream)) this.#probe(upstream);
      else this.#lost.delete(upstream);
  }

  #probe(upstream: string): void {
    if ((this.#probing.get(upstream) ?? 0) > 0) return;
    const addresses = this.#options.addressesOf(upstream);
    this.#probing.set(upstream, addresses.length);
    for (const address of addresses) {
      const socket = reach(address).setTimeout(probeMs);
      socket.once('connect', () => {
        this.reached(upstream);
        socket.destroy();
      });
      for (const end of ['timeout', 'error'])
        socket.once(end, () => {
          if (this.#lost.has(upstream)) this.#refusing.add(upstream);
          socket.destroy();
        });
      socket.once('close', () => this.#probing.set(upstream, (this.#probing.get(upstream) ?? 1) - 1));
    }
  }
}
