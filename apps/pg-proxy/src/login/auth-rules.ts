import { BlockList, isIPv6 } from 'node:net';
import type { AuthConfig, AuthMethod, AuthRule } from '../config/auth-config.ts';
import { unixAddress } from './unix-socket.ts';

/** Somebody who wants to come in. */
export interface Caller {
  readonly user: string;
  readonly database: string;
  readonly address: string;
  readonly isEncrypted: boolean;
}

/** How he is to prove it. */
export interface Way {
  readonly method: AuthMethod | 'reject';
  readonly certificates?: AuthRule['certificates'];
}

interface Compiled {
  readonly rule: AuthRule;
  readonly networks: BlockList | undefined;
}

/** Which way of proving who he is a client must go, by the rules of the configuration. */
export class AuthRules {
  readonly #rules: readonly Compiled[];
  readonly #otherwise: Way;

  constructor({ method, rules }: Pick<AuthConfig, 'method' | 'rules'>) {
    this.#rules = rules.map((rule) => ({ rule, networks: networksOf(rule.addresses) }));
    this.#otherwise = { method: rules.length === 0 ? method : 'reject' };
  }

  wayOf(caller: Caller): Way {
    return this.#rules.find((one) => fits(one, caller))?.rule ?? this.#otherwise;
  }
}

function fits({ rule, networks }: Compiled, { user, database, address, isEncrypted }: Caller): boolean {
  return (
    (rule.tls === undefined || rule.tls === isEncrypted) &&
    (rule.users === undefined || rule.users.includes(user)) &&
    (rule.databases === undefined || rule.databases.includes(database)) &&
    (networks === undefined || isIn(address, rule.addresses ?? [], networks))
  );
}

const isIn = (address: string, listed: readonly string[], networks: BlockList): boolean =>
  address === unixAddress ? listed.includes(unixAddress) : networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

function networksOf(addresses: readonly string[] | undefined): BlockList | undefined {
  if (addresses === undefined) return undefined;
  const networks = new BlockList();
  for (const text of addresses) {
    if (text === unixAddress) continue;
    const [address = '', bits] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    networks.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return networks;
}
