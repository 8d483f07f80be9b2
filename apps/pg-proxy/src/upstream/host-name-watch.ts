import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { UpstreamConfig } from '../config/proxy-config.ts';
import { isSocketFolder } from './connect.ts';
import { hostsOf } from './host-rotation.ts';

/** The addresses that a name has now. Rejects if the resolver fails. */
export type Lookup = (name: string) => Promise<readonly string[]>;

export interface HostNameWatchOptions {
  readonly now: () => number;
  readonly upstreams: () => Readonly<Record<string, Pick<UpstreamConfig, 'host' | 'lookupMs'>>>;
  /** The addresses of open connections to that host. */
  readonly addressesInUse: (upstream: string, host: string) => ReadonlySet<string>;
  /** The name no longer has these addresses. */
  readonly addressesGone: (upstream: string, host: string, addresses: ReadonlySet<string>) => void;
  /** Replaces the system's resolver. */
  readonly lookup?: Lookup | undefined;
}

/** A name, and the last answer. */
interface Name {
  readonly upstream: string;
  readonly host: string;
  askedAtMs: number;
  addresses: readonly string[];
  /** For each address in use, how many answers in a row have lacked it. */
  misses: ReadonlyMap<string, number>;
}

/** Some names resolve to one of many addresses at a time. */
const missesMax = 4;

const systemLookup: Lookup = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/** Looks up the names of servers regularly, for those that move to another address. */
export class HostNameWatch {
  readonly #options: HostNameWatchOptions;
  readonly #lookup: Lookup;
  /** By upstream and host. */
  #names = new Map<string, Name>();
  #isAsking = false;

  constructor(options: HostNameWatchOptions) {
    this.#options = options;
    this.#lookup = options.lookup ?? systemLookup;
  }

  /** The names, when each is looked up next, and the addresses that it had. */
  figures(): readonly { host: string; inMs: number; addresses: readonly string[] }[] {
    const upstreams = this.#options.upstreams();
    return [...this.#names.values()].map(({ upstream, host, askedAtMs, addresses }) => {
      const { lookupMs = 0 } = upstreams[upstream] ?? {};
      return { host, addresses, inMs: Math.max(0, askedAtMs + lookupMs - this.#options.now()) };
    });
  }

  /** One name at a time: each lookup blocks a thread of the process's small pool for as long as the resolver takes. */
  tick(nowMs: number): void {
    if (this.#isAsking) return;
    const upstreams = this.#options.upstreams();
    this.#updateNames(upstreams);
    const due = [...this.#names.values()].find(
      ({ upstream, askedAtMs }) => nowMs - askedAtMs >= (upstreams[upstream]?.lookupMs ?? Infinity),
    );
    if (due !== undefined) void this.#ask(due, nowMs);
  }

  #updateNames(upstreams: ReturnType<HostNameWatchOptions['upstreams']>): void {
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
    // A failed lookup says nothing about the name.
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
    if (gone.length > 0) this.#options.addressesGone(upstream, host, new Set(gone));
  }
}
