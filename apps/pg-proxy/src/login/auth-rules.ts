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
  readonly method: AuthMethod | 'reject' | 'no rule';
  readonly certificates?: AuthRule['certificates'];
}

interface Compiled {
  readonly rule: AuthRule;
  readonly networks: Networks | undefined;
}

/** Which way of proving who he is a client must go, by the rules of the configuration. */
export class AuthRules {
  readonly #rules: readonly Compiled[];
  readonly #otherwise: Way;

  constructor({ method, rules }: Pick<AuthConfig, 'method' | 'rules'>) {
    this.#rules = rules.map((rule) => ({ rule, networks: networksOf(rule.addresses) }));
    this.#otherwise = { method: rules.length === 0 ? method : 'no rule' };
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

const isIn = (address: string, listed: readonly string[], networks: Networks): boolean =>
  address === unixAddress
    ? listed.includes(unixAddress)
    : networks[familyOf(address)].check(plain(address), familyOf(address));

/** By family: to a BlockList of both, `::/0` is everywhere, and to whoever writes it every address of IPv6. */
type Networks = Readonly<Record<'ipv4' | 'ipv6', BlockList>>;

/** A socket for both families shows addresses of IPv4 so. */
const plain = (address: string): string => address.replace(/^::ffff:(?=[\d.]+$)/i, '');
const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(plain(address)) ? 'ipv6' : 'ipv4');

function networksOf(addresses: readonly string[] | undefined): Networks | undefined {
  if (addresses === undefined) return undefined;
  const networks = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of addresses) {
    if (text === unixAddress) continue;
    const [address = '', bits] = text.split('/');
    const family = familyOf(address);
    const length = bits === undefined ? (isIPv6(address) ? 128 : 32) : Number(bits);
    networks[family].addSubnet(plain(address), plain(address) === address ? length : Math.max(0, length - 96), family);
  }
  return networks;
}
