import { BlockList, isIPv6 } from 'node:net';
import { unixAddress } from './unix-socket.ts';

/** A list of addresses and networks; `unix` stands for clients of the Unix socket. */
export class Networks {
  readonly #hasUnix: boolean;
  /** By family: in a single BlockList, `::/0` would also contain every IPv4 address. */
  readonly #of = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** @throws Error an entry is not a network */
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

/** A socket for both families shows IPv4 addresses as IPv6, after a prefix of so many bits. */
const mappedBits = 96;
const plainOf = (address: string): string => address.replace(/^::ffff:(?=[\d.]+$)/i, '');
const familyOf = (plain: string): 'ipv4' | 'ipv6' => (isIPv6(plain) ? 'ipv6' : 'ipv4');
