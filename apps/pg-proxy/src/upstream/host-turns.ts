import type { UpstreamConfig } from '../config/proxy-config.ts';

type Listed = Pick<UpstreamConfig, 'host' | 'loadBalanceHosts'>;

/** The hosts of an upstream, in the order of its list. */
export function hostsOf(host: string): readonly string[] {
  return host
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Whether all its backends are processes of one server. */
export const isOneServer = (upstream: Pick<Listed, 'host'> | undefined): boolean =>
  upstream === undefined || hostsOf(upstream.host).length === 1;

/** Selects hosts in turn for upstreams that have several. */
export class HostTurns {
  /** The next position in the list, by upstream, and by owner if each has turns of its own. */
  readonly #turns = new Map<string, number>();

  /**
   * The hosts in the order in which a new connection tries them. @param whose whose connections take turns among themselves: two pools that
   * grow together must not end up on one host each
   */
  take(upstream: string, { host, loadBalanceHosts }: Listed, whose: string): readonly string[] {
    const hosts = hostsOf(host);
    if (hosts.length === 1) return hosts;
    const isShared = loadBalanceHosts === 'disable';
    const key = isShared ? upstream : keyOf(upstream, whose);
    const at = (this.#turns.get(key) ?? 0) % hosts.length;
    if (!isShared) this.#turns.set(key, at + 1);
    return [...hosts.slice(at), ...hosts.slice(0, at)];
  }

  /** The owner will open no more connections. */
  forget(upstream: string, whose: string): void {
    this.#turns.delete(keyOf(upstream, whose));
  }

  /** A connection to that host failed: with `disable`, later connections go to the next host. */
  failed(upstream: string, { host, loadBalanceHosts }: Listed, which: string): void {
    const hosts = hostsOf(host);
    const at = (this.#turns.get(upstream) ?? 0) % hosts.length;
    if (loadBalanceHosts === 'disable' && hosts[at] === which) this.#turns.set(upstream, at + 1);
  }
}

const keyOf = (upstream: string, whose: string): string => JSON.stringify([upstream, whose]);
