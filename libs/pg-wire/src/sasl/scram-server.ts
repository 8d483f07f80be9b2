import { createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { protocolViolation, type WireFault } from '../wire-fault.ts';
import { hmac, sha256, type ClientKeys, type ScramVerifier } from './scram-keys.ts';
import { readClientFinal, readClientFirst, scramMechanisms, type ClientFirst } from './scram-message.ts';

/** What to do after a message of the client. */
export type ScramServerStep =
  | { readonly kind: 'continue'; readonly data: Buffer }
  /** Who he says he is; `data` goes out as AuthenticationSASLFinal. The keys log in elsewhere with the same verifier. */
  | { readonly kind: 'proven'; readonly data: Buffer; readonly keys: ClientKeys }
  | { readonly kind: 'refused' }
  | { readonly kind: 'fault'; readonly fault: WireFault };

export interface ScramServerOptions {
  readonly verifier: ScramVerifier;
  /** Printable, without a comma, never used before: 18 random bytes in base64, say. */
  readonly nonce: string;
  /** Hash of the server's certificate, where the connection is TLS. */
  readonly endPoint?: Buffer;
}

const faulty = (message: string): ScramServerStep => ({ kind: 'fault', fault: protocolViolation(message) });
const notScram = 'malformed SCRAM message';
const bindingFailed: ScramServerStep = {
  kind: 'fault',
  fault: { sqlstate: '28000', message: 'SCRAM channel binding check failed' },
};

/** The two keys of a verifier that many log in with, as what is signed with; made once. */
const signingKeys = new WeakMap<ScramVerifier, { readonly stored: KeyObject; readonly server: KeyObject }>();

function signingKeysOf(verifier: ScramVerifier): { readonly stored: KeyObject; readonly server: KeyObject } {
  const known = signingKeys.get(verifier);
  if (known !== undefined) return known;
  const made = { stored: createSecretKey(verifier.storedKey), server: createSecretKey(verifier.serverKey) };
  signingKeys.set(verifier, made);
  return made;
}

/** The server's half of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677) as PostgreSQL speaks it: one exchange. */
export class ScramServer {
  readonly #options: ScramServerOptions;
  #first: ClientFirst | undefined;
  #serverFirst = '';

  constructor(options: ScramServerOptions) {
    this.#options = options;
  }

  /** What AuthenticationSASL offers, the better one first. */
  get mechanisms(): readonly string[] {
    const { plain, plus } = scramMechanisms;
    return this.#options.endPoint === undefined ? [plain] : [plus, plain];
  }

  /** The client's first message. */
  first(mechanism: string, data: Buffer | null): ScramServerStep {
    if (!this.mechanisms.includes(mechanism)) return faulty('client selected an invalid SASL authentication mechanism');
    const first = data === null ? undefined : readClientFirst(data);
    if (first === undefined) return faulty(notScram);
    const isPlus = mechanism === scramMechanisms.plus;
    if (isPlus !== (first.binding === 'end-point')) return faulty(notScram);
    // "I could bind, and you do not offer it": where we do, somebody in between took the offer away.
    if (first.binding === 'unadvertised' && this.#options.endPoint !== undefined) return bindingFailed;
    const { nonce, verifier } = this.#options;
    this.#first = first;
    this.#serverFirst = `r=${first.nonce}${nonce},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`;
    return { kind: 'continue', data: Buffer.from(this.#serverFirst, 'latin1') };
  }

  /** The client's second message, with its proof. */
  final(data: Buffer): ScramServerStep {
    const first = this.#first;
    const final = readClientFinal(data);
    if (first === undefined || final === undefined) return faulty(notScram);
    if (final.nonce !== first.nonce + this.#options.nonce) return faulty('SCRAM nonce does not match');
    if (final.channel !== this.#channelOf(first).toString('base64')) return bindingFailed;
    return this.#judge(final.proof, Buffer.from(`${first.bare},${this.#serverFirst},${final.withoutProof}`, 'latin1'));
  }

  #channelOf({ gs2Header, binding }: ClientFirst): Buffer {
    const header = Buffer.from(gs2Header, 'latin1');
    return binding === 'end-point' ? Buffer.concat([header, this.#options.endPoint ?? Buffer.alloc(0)]) : header;
  }

  #judge(proof: Buffer, signed: Buffer): ScramServerStep {
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
