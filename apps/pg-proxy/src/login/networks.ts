import { BlockList, isIPv6 } from 'node:net';
import { unixAddress } from './unix-socket.ts';

/** Addresses and networks of a list; `unix` in it stands for whoever comes by the Unix socket. */
export class Networks {
  readonly #hasUnix: boolean;
  /** By family: to a BlockList of both, `::/0` is everywhere, and to whoever writes it every address of IPv6. */
  readonly #of = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** @throws Error where one of them is no network */
  constructor(listed: readonly string[]) {
    this.#hasUnix = listed.includes(unixAddress);
    for (const text of listed) if (text !== unixAddress) this.#add(text);
  }

  has(address: string): boolean {
    if (address === unixAddress) return this.#hasUnix;
    const plain = plainOf(address);
    const family = familyOf(plain);
    return this.#of[family].check(plain, family);
  }

  #add(text: string): void {
    const [address = '', bits] = text.split('/');
    const plain = plainOf(address);
    const family = familyOf(plain);
    const length = bits === undefined ? (isIPv6(address) ? 128 : 32) : Number(bits);
    this.#of[family].addSubnet(plain, plain === address ? length : Math.max(0, length - mappedBits), family);
  }
}

/** A socket for both families shows addresses of IPv4 as those of IPv6 behind so many bits. */
const mappedBits = 96;
const plainOf = (address: string): string => address.replace(/^::ffff:(?=[\d.]+$)/i, '');
const familyOf = (plain: string): 'ipv4' | 'ipv6' => (isIPv6(plain) ? 'ipv6' : 'ipv4');
