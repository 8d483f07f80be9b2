import { connectPlain, type Address } from './connect.ts';

/** How often a server that did not answer is tried, and how long it may take; in ms. */
const probeMs = 1_000;

export interface OutageOptions {
  readonly now: () => number;
  /** All configured upstreams. */
  readonly upstreams: () => readonly string[];
  readonly addressesOf: (upstream: string) => readonly Pick<Address, 'host' | 'port'>[];
  /** The upstream accepts connections again. */
  readonly recovered?: (upstream: string) => void;
}

/**
 * Knows which upstreams cannot be reached. A login that fails for that reason reports it; from then on the server is probed here, because
 * an instance that is not ready gets no clients and so has no logins.
 */
export class Outage {
  readonly #options: OutageOptions;
  /** Since when, by upstream. */
  readonly #unreachable = new Map<string, number>();
  /** Upstreams that refused the last probe. */
  readonly #refusing = new Set<string>();
  /** How many probes are under way. */
  readonly #probing = new Map<string, number>();
  #probedAtMs = -Infinity;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** A connection to it has failed. */
  failed(upstream: string): void {
    if (!this.#unreachable.has(upstream)) this.#unreachable.set(upstream, this.#options.now());
  }

  /** It has accepted a connection. */
  reached(upstream: string): void {
    this.#unreachable.delete(upstream);
    if (this.#refusing.delete(upstream)) this.#options.recovered?.(upstream);
  }

  /** How long no upstream at all has been reachable, in ms; 0: one is, or it is unknown. */
  get durationMs(): number {
    const upstreams = this.#options.upstreams();
    const since = upstreams.map((upstream) => this.#unreachable.get(upstream) ?? Infinity);
    return since.length === 0 ? 0 : Math.max(0, this.#options.now() - Math.max(...since));
  }

  tick(): void {
    if (this.#unreachable.size === 0 || this.#options.now() - this.#probedAtMs < probeMs) return;
    this.#probedAtMs = this.#options.now();
    const configured = new Set(this.#options.upstreams());
    for (const upstream of [...this.#unreachable.keys()])
      if (configured.has(upstream)) this.#probe(upstream);
      else this.#unreachable.delete(upstream);
  }

  #probe(upstream: string): void {
    if ((this.#probing.get(upstream) ?? 0) > 0) return;
    const addresses = this.#options.addressesOf(upstream);
    this.#probing.set(upstream, addresses.length);
    for (const address of addresses) {
      const socket = connectPlain(address).setTimeout(probeMs);
      socket.once('connect', () => {
        this.reached(upstream);
        socket.destroy();
      });
      for (const end of ['timeout', 'error'])
        socket.once(end, () => {
          if (this.#unreachable.has(upstream)) this.#refusing.add(upstream);
          socket.destroy();
        });
      socket.once('close', () => this.#probing.set(upstream, (this.#probing.get(upstream) ?? 1) - 1));
    }
  }
}
