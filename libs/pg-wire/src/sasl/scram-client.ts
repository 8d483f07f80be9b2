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

/** The next step after a message of the server. */
export type ScramClientStep =
  | { readonly kind: 'continue'; readonly data: Buffer }
  /** The server has proven that it knows the verifier. */
  | { readonly kind: 'proven' }
  | { readonly kind: 'fault'; readonly fault: WireFault };

export interface ScramClientOptions {
  /** The password, or keys derived from it with the server's salt and iterations. */
  readonly secret: string | Uint8Array | ClientKeys;
  readonly nonce: string;
  /** Hash of the server's certificate (tls-server-end-point) if the connection uses TLS. */
  readonly endPoint?: Buffer;
  /** A cache of keys by salt and iterations, so that only the first login hashes. */
  readonly keysOf?: (salt: Buffer, iterations: number, make: () => ClientKeys) => ClientKeys;
}

const faulty = (message: string): ScramClientStep => ({ kind: 'fault', fault: protocolViolation(message) });

/** The client side of one SCRAM-SHA-256 or SCRAM-SHA-256-PLUS exchange (RFC 5802, 7677). It checks the signature of the server. */
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
    // No user name: PostgreSQL takes it from the startup message.
    this.#bare = `n=,r=${options.nonce}`;
  }

  /** Undefined if the server offers no supported mechanism. */
  static of(offered: readonly string[], options: ScramClientOptions): ScramClient | undefined {
    const { plain, plus } = scramMechanisms;
    if (options.endPoint !== undefined && offered.includes(plus)) return new ScramClient(plus, options);
    return offered.includes(plain) ? new ScramClient(plain, options) : undefined;
  }

  /** The body of SASLInitialResponse. */
  first(): Buffer {
    return Buffer.from(this.#gs2Header + this.#bare, 'latin1');
  }

  /** Takes server-first (salt, iterations, nonce) and returns client-final. */
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

  /** Takes server-final, which has the signature. */
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
