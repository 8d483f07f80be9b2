import { timingSafeEqual } from 'node:crypto';
import { protocolViolation, type WireFault } from '../wire-fault.ts';
import { clientKeys, hmac, iterationsMax, sha256, type ClientKeys } from './scram-keys.ts';
import {
  endPointBinding,
  readServerFinal,
  readServerFirst,
  scramMechanisms,
  type ScramMechanism,
} from './scram-message.ts';

/** What to do after a message of the server. */
export type ScramClientStep =
  | { readonly kind: 'continue'; readonly data: Buffer }
  /** The server knows our keys, too. */
  | { readonly kind: 'proven' }
  | { readonly kind: 'fault'; readonly fault: WireFault };

export interface ScramClientOptions {
  /** The password, or the keys of one for the salt that the server has. */
  readonly secret: string | Uint8Array | ClientKeys;
  readonly nonce: string;
  /** Hash of the server's certificate, where the connection is TLS. */
  readonly endPoint?: Buffer;
  /** Remembers keys by salt and count, which takes the hashing out of every login but the first. */
  readonly keysOf?: (salt: Buffer, iterations: number, make: () => ClientKeys) => ClientKeys;
}

const faulty = (message: string): ScramClientStep => ({ kind: 'fault', fault: protocolViolation(message) });

/** The client's half of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS: one exchange. It trusts no server that does not prove itself. */
export class ScramClient {
  readonly mechanism: ScramMechanism;
  readonly #options: ScramClientOptions;
  readonly #gs2Header: string;
  readonly #bare: string;
  #signed: Buffer | undefined;
  #serverKey: Buffer | undefined;

  private constructor(mechanism: ScramMechanism, options: ScramClientOptions) {
    this.mechanism = mechanism;
    this.#options = options;
    const isPlus = mechanism === scramMechanisms.plus;
    this.#gs2Header = isPlus ? `p=${endPointBinding},,` : options.endPoint === undefined ? 'n,,' : 'y,,';
    // PostgreSQL takes the user from the startup message.
    this.#bare = `n=,r=${options.nonce}`;
  }

  /** @returns undefined where the server offers nothing that this speaks. */
  static of(offered: readonly string[], options: ScramClientOptions): ScramClient | undefined {
    const { plain, plus } = scramMechanisms;
    if (options.endPoint !== undefined && offered.includes(plus)) return new ScramClient(plus, options);
    return offered.includes(plain) ? new ScramClient(plain, options) : undefined;
  }

  /** The body of SASLInitialResponse. */
  first(): Buffer {
    return Buffer.from(this.#gs2Header + this.#bare, 'latin1');
  }

  /** The server's salt, count and half of the nonce. */
  continue(data: Buffer): ScramClientStep {
    const first = readServerFirst(data);
    if (first === undefined || this.#signed !== undefined) return faulty('malformed SCRAM message of the server');
    const { nonce, salt, iterations } = first;
    if (!nonce.startsWith(this.#options.nonce) || nonce === this.#options.nonce)
      return faulty('invalid SCRAM nonce of the server');
    if (iterations < 1 || iterations > iterationsMax) return faulty('invalid SCRAM iteration count of the server');
    const withoutProof = `c=${this.#channel().toString('base64')},r=${nonce}`;
    const signed = Buffer.from(`${this.#bare},${data.toString('latin1')},${withoutProof}`, 'latin1');
    const { clientKey, serverKey } = this.#keys(salt, iterations);
    this.#signed = signed;
    this.#serverKey = serverKey;
    const signature = hmac(sha256(clientKey), signed);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] as number)));
    return { kind: 'continue', data: Buffer.from(`${withoutProof},p=${proof.toString('base64')}`, 'latin1') };
  }

  /** The server's signature. */
  final(data: Buffer): ScramClientStep {
    const signature = readServerFinal(data);
    if (signature === undefined || this.#signed === undefined || this.#serverKey === undefined)
      return faulty('malformed SCRAM message of the server');
    return timingSafeEqual(signature, hmac(this.#serverKey, this.#signed))
      ? { kind: 'proven' }
      : faulty('incorrect SCRAM server signature');
  }

  #channel(): Buffer {
    const header = Buffer.from(this.#gs2Header, 'latin1');
    const isPlus = this.mechanism === scramMechanisms.plus;
    return isPlus ? Buffer.concat([header, this.#options.endPoint ?? Buffer.alloc(0)]) : header;
  }

  #keys(salt: Buffer, iterations: number): ClientKeys {
    const { secret, keysOf } = this.#options;
    if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) return secret;
    const make = (): ClientKeys => clientKeys(secret, salt, iterations);
    return keysOf === undefined ? make() : keysOf(salt, iterations, make);
  }
}
