import type { UpstreamConfig } from '../config/proxy-config.ts';

type HostList = Pick<UpstreamConfig, 'host' | 'loadBalanceHosts'>;

/** The hosts of an upstream, in the order of its list. */
export function hostsOf(host: string): readonly string[] {
  return host
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Whether all its backends are processes of one server. */
export const isOneServer = (upstream: Pick<HostList, 'host'> | undefined): boolean =>
  upstream === undefined || hostsOf(upstream.host).length === 1;

/** Selects hosts in turn for upstreams that have several. */
export class HostRotation {
  /** The next position in the list, by upstream, and by owner if each has turns of its own. */
  readonly #positions = new Map<string, number>();

  /**
   * The hosts in the order in which a new connection tries them. @param owner whose connections take turns among themselves: two pools that
   * grow together must not end up on one host each
   */
  hostsFor(upstream: string, { host, loadBalanceHosts }: HostList, owner: string): readonly string[] {
    const hosts = hostsOf(host);
    if (hosts.length === 1) return hosts;
    const isShared = loadBalanceHosts === 'disable';
    const key = isShared ? upstream : keyOf(upstream, owner);
    const at = (this.#positions.get(key) ?? 0) % hosts.length;
    if (!isShared) this.#positions.set(key, at + 1);
    return [...hosts.slice(at), ...hosts.slice(0, at)];
  }

  /** The owner will open no more connections. */
  forget(upstream: string, owner: string): void {
    this.#positions.delete(keyOf(upstream, owner));
  }

  /** A connection to that host failed: with `disable`, later connections go to the next host. */
  failed(upstream: string, { host, loadBalanceHosts }: HostList, which: string): void {
    const hosts = hostsOf(host);
    const at = (this.#positions.get(upstream) ?? 0) % hosts.length;
    if (loadBalanceHosts === 'disable' && hosts[at] === which) this.#positions.set(upstream, at + 1);
  }
}

const keyOf = (upstream: string, owner: string): string => JSON.stringify([upstream, owner]);
