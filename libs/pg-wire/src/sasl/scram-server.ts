import { createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { protocolViolation, type WireFault } from '../wire-fault.ts';
import { hmac, sha256, type ClientKeys, type ScramVerifier } from './scram-keys.ts';
import { readClientFinal, readClientFirst, scramMechanisms, type ClientFirst } from './scram-message.ts';

/** The next step after a message of the client. */
export type ScramServerStep =
  | { readonly kind: 'continue'; readonly data: Buffer }
  /** The client is authenticated; send `data` as AuthenticationSASLFinal. `keys` can log in at servers with the same verifier. */
  | { readonly kind: 'proven'; readonly data: Buffer; readonly keys: ClientKeys }
  | { readonly kind: 'refused' }
  | { readonly kind: 'fault'; readonly fault: WireFault };

export interface ScramServerOptions {
  readonly verifier: ScramVerifier;
  /** Unique, printable and without commas, such as 18 random bytes in base64. */
  readonly nonce: string;
  /** Hash of the server's certificate (tls-server-end-point) if the connection uses TLS. */
  readonly endPoint?: Buffer;
}

const faulty = (message: string): ScramServerStep => ({ kind: 'fault', fault: protocolViolation(message) });
const notScram = 'malformed SCRAM message';
const bindingFailed: ScramServerStep = {
  kind: 'fault',
  fault: { sqlstate: '28000', message: 'SCRAM channel binding check failed' },
};

/** The keys of each verifier as `KeyObject`s, created once. */
const signingKeys = new WeakMap<ScramVerifier, { readonly stored: KeyObject; readonly server: KeyObject }>();

function signingKeysOf(verifier: ScramVerifier): { readonly stored: KeyObject; readonly server: KeyObject } {
  const known = signingKeys.get(verifier);
  if (known !== undefined) return known;
  const made = { stored: createSecretKey(verifier.storedKey), server: createSecretKey(verifier.serverKey) };
  signingKeys.set(verifier, made);
  return made;
}

/** The server side of one SCRAM-SHA-256 or SCRAM-SHA-256-PLUS exchange (RFC 5802, 7677), as PostgreSQL does it. */
export class ScramServer {
  readonly #options: ScramServerOptions;
  #first: ClientFirst | undefined;
  #serverFirst = '';

  constructor(options: ScramServerOptions) {
    this.#options = options;
  }

  /** The mechanisms for AuthenticationSASL, the stronger one first. */
  get mechanisms(): readonly string[] {
    const { plain, plus } = scramMechanisms;
    return this.#options.endPoint === undefined ? [plain] : [plus, plain];
  }

  /** Takes client-first and returns server-first. */
  first(mechanism: string, data: Buffer | null): ScramServerStep {
    if (!this.mechanisms.includes(mechanism)) return faulty('client selected an invalid SASL authentication mechanism');
    const first = data === null ? undefined : readClientFirst(data);
    if (first === undefined) return faulty(notScram);
    const isPlus = mechanism === scramMechanisms.plus;
    if (isPlus !== (first.binding === 'end-point')) return faulty(notScram);
    // The client supports channel binding but saw no offer, though we made one: a man in the middle removed it (RFC 5802, section 6).
    if (first.binding === 'unadvertised' && this.#options.endPoint !== undefined) return bindingFailed;
    const { nonce, verifier } = this.#options;
    this.#first = first;
    this.#serverFirst = `r=${first.nonce}${nonce},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`;
    return { kind: 'continue', data: Buffer.from(this.#serverFirst, 'latin1') };
  }

  /** Takes client-final, which has the proof. */
  final(data: Buffer): ScramServerStep {
    const first = this.#first;
    const final = readClientFinal(data);
    if (first === undefined || final === undefined) return faulty(notScram);
    if (final.nonce !== first.nonce + this.#options.nonce) return faulty('SCRAM nonce does not match');
    if (final.channel !== this.#channelOf(first).toString('base64')) return bindingFailed;
    return this.#checkProof(
      final.proof,
      Buffer.from(`${first.bare},${this.#serverFirst},${final.withoutProof}`, 'latin1'),
    );
  }

  #channelOf({ gs2Header, binding }: ClientFirst): Buffer {
    const header = Buffer.from(gs2Header, 'latin1');
    return binding === 'end-point' ? Buffer.concat([header, this.#options.endPoint ?? Buffer.alloc(0)]) : header;
  }

  #checkProof(proof: Buffer, signed: Buffer): ScramServerStep {
    const { verifier } = this.#options;
    const { storedKey, serverKey, isMock } = verifier;
    const { stored, server } = signingKeysOf(verifier);
    const clientKey = hmac(stored, signed);
    for (let at = 0; at < clientKey.length; at++) clientKey[at] = (clientKey[at] as number) ^ (proof[at] as number);
    const isRight = timingSafeEqual(sha256(clientKey), storedKey);
    if (!isRight || isMock === true) return { kind: 'refused' };
    const data = Buffer.from(`v=${hmac(server, signed).toString('base64')}`);
    return { kind: 'proven', data, keys: { clientKey, serverKey } };
  }
}
