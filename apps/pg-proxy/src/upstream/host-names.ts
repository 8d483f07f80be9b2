import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { UpstreamConfig } from '../config/proxy-config.ts';
import { isSocketFolder } from './connect.ts';
import { hostsOf } from './host-turns.ts';

/** The addresses that a name has now. Rejects where nobody says. */
export type Lookup = (name: string) => Promise<readonly string[]>;

export interface HostNamesOptions {
  readonly now: () => number;
  readonly upstreams: () => Readonly<Record<string, Pick<UpstreamConfig, 'host' | 'lookupMs'>>>;
  /** Addresses at which connections to that host are. */
  readonly addressesInUse: (upstream: string, host: string) => ReadonlySet<string>;
  /** These are the name's no more. */
  readonly gone: (upstream: string, host: string, addresses: ReadonlySet<string>) => void;
  /** In place of the resolver of the system. */
  readonly lookup?: Lookup | undefined;
}

/** A name, and what was said of it at last. */
interface Name {
  readonly upstream: string;
  readonly host: string;
  askedAtMs: number;
  addresses: readonly string[];
  /** How many answers in a row did not have an address that is in use. */
  misses: ReadonlyMap<string, number>;
}

/** Some names are answered with one of their addresses at a time. */
const missesMax = 4;

const ofSystem: Lookup = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/** Looks up the names of servers from time to time, for those that move to another address. */
export class HostNames {
  readonly #options: HostNamesOptions;
  readonly #lookup: Lookup;
  /** By upstream and host. */
  #names = new Map<string, Name>();
  #isAsking = false;

  constructor(options: HostNamesOptions) {
    this.#options = options;
    this.#lookup = options.lookup ?? ofSystem;
  }

  /** Names that are looked up, when that will be again, and the addresses that they had. */
  figures(): readonly { host: string; inMs: number; addresses: readonly string[] }[] {
    const upstreams = this.#options.upstreams();
    return [...this.#names.values()].map(({ upstream, host, askedAtMs, addresses }) => {
      const { lookupMs = 0 } = upstreams[upstream] ?? {};
      return { host, addresses, inMs: Math.max(0, askedAtMs + lookupMs - this.#options.now()) };
    });
  }

  /** One name at a time: each takes a thread, of which a process has few, for as long as the resolver is silent. */
  tick(nowMs: number): void {
    if (this.#isAsking) return;
    const upstreams = this.#options.upstreams();
    this.#know(upstreams);
    const due = [...this.#names.values()].find(
      ({ upstream, askedAtMs }) => nowMs - askedAtMs >= (upstreams[upstream]?.lookupMs ?? Infinity),
    );
    if (due !== undefined) void this.#ask(due, nowMs);
  }

  #know(upstreams: ReturnType<HostNamesOptions['upstreams']>): void {
    const names = new Map<string, Name>();
    for (const [upstream, { host: list, lookupMs }] of Object.entries(upstreams))
      for (const host of lookupMs === 0 ? [] : hostsOf(list)) {
        if (isIP(host) > 0 || isSocketFolder(host)) continue;
        const key = JSON.stringify([upstream, host]);
        const unknown = { upstream, host, askedAtMs: this.#options.now(), addresses: [], misses: new Map() };
        names.set(key, this.#names.get(key) ?? unknown);
      }
    this.#names = names;
  }

  async #ask(name: Name, nowMs: number): Promise<void> {
    name.askedAtMs = nowMs;
    this.#isAsking = true;
    // That nobody says anything of a name says nothing.
    const found = await this.#lookup(name.host).catch(() => []);
    this.#isAsking = false;
    if (found.length > 0) this.#compare(name, found);
  }

  #compare(name: Name, found: readonly string[]): void {
    const { upstream, host } = name;
    const misses = new Map<string, number>();
    for (const address of this.#options.addressesInUse(upstream, host))
      if (!found.includes(address)) misses.set(address, (name.misses.get(address) ?? 0) + 1);
    name.misses = misses;
    name.addresses = found;
    const gone = [...misses].flatMap(([address, times]) => (times === missesMax ? address : []));
    if (gone.length > 0) this.#options.gone(upstream, host, new Set(gone));
  }
}
