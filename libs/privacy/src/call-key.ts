import { KeyedHash } from '@medrex/contracts';
import type { StateKey } from '@medrex/keys';
import { privacyError } from './errors.ts';
import { lengthPrefixed } from './length-prefixed.ts';
import { BodyKey, openBody, sealBody } from './sealed-body.ts';

/** What the arguments of a call are bound to; the same for every attempt of the same message. */
export interface CallName {
  readonly sourceHash: string;
  readonly chaincode: string;
  readonly function: string;
}

/** The answer of a foreign chaincode: the payload of its response, or the message of its refusal. */
export interface CallAnswer {
  readonly payload?: string;
  /** Encoding of `payload` if it is not UTF-8 text. */
  readonly encoding?: 'base64';
  /** True if the payload was too long for an outcome. */
  readonly isCut?: boolean;
  readonly message?: string;
}

const argumentsBinding = 'medrex call arguments 1';
const answerBinding = 'medrex call answer 1';
const queueKeyCharacters = 32;

/**
 * The secrets of calls in per-transaction mode on one channel: nonces of their tries, names of foreign keys in our
 * queues, and the sealing of arguments and answers. Ingest and orderer-dag have the same secret, which is never
 * changed: with another one a call in progress would be sent again under other transaction ids.
 */
export class CallKey {
  readonly #body: BodyKey;
  readonly #nonces: KeyedHash;
  readonly #names: KeyedHash;

  /** @param secret 32 bytes. */
  constructor(secret: Uint8Array, channel: string) {
    if (secret.length !== 32) throw privacyError('callKeyInvalid', `a call key of ${secret.length} bytes`);
    const root = new KeyedHash(secret);
    const derived = (use: string): Buffer => root.digest(lengthPrefixed(['medrex call key 1', use, channel]));
    this.#body = new BodyKey(derived('body'));
    this.#nonces = new KeyedHash(derived('nonce'));
    this.#names = new KeyedHash(derived('name'));
  }

  /**
   * The nonce of one try of a call, from which the ledger derives its transaction id.
   * @param attempt from 1
   */
  nonce(opId: string, attempt: number): Uint8Array {
    return this.#nonces.digest(lengthPrefixed([opId, String(attempt)]));
  }

  /**
   * The name of a foreign chaincode's key in our queues. It is a keyed hash because the key may contain arguments of
   * the sender, and keys of operations are logged. Keys of different chaincodes and our own keys are distinct.
   */
  queueKey(chaincode: string, key: string): StateKey {
    const name = this.#names.hex(lengthPrefixed([chaincode, key])).slice(0, queueKeyCharacters);
    return `ext~${chaincode}~${name}` as StateKey;
  }

  /** A key for the whole state of a chaincode: a reader of it touches some key, a writer may touch any. */
  wholeStateKey(chaincode: string): StateKey {
    return `ext~${chaincode}` as StateKey;
  }

  sealArguments(name: CallName, args: readonly string[]): Uint8Array {
    return sealBody(this.#body, Buffer.from(JSON.stringify(args)), bindingOf(name));
  }

  /** @throws CodedError BODY_UNOPENABLE for another key, another call or changed bytes. */
  openArguments(name: CallName, sealed: Uint8Array): readonly string[] {
    const args: unknown = JSON.parse(Buffer.from(openBody(this.#body, sealed, bindingOf(name))).toString());
    if (Array.isArray(args) && args.every((arg) => typeof arg === 'string')) return args;
    throw privacyError('bodyUnopenable', 'sealed arguments of a call that are no list of texts');
  }

  sealAnswer(opId: string, answer: CallAnswer): string {
    const text = Buffer.from(JSON.stringify(answer));
    return Buffer.from(sealBody(this.#body, text, [answerBinding, opId])).toString('latin1');
  }

  /** @throws CodedError BODY_UNOPENABLE */
  openAnswer(opId: string, sealed: string): CallAnswer {
    const opened = openBody(this.#body, Buffer.from(sealed, 'latin1'), [answerBinding, opId]);
    return JSON.parse(Buffer.from(opened).toString()) as CallAnswer;
  }
}

const bindingOf = ({ sourceHash, chaincode, function: name }: CallName): string[] => [
  argumentsBinding,
  sourceHash,
  chaincode,
  name,
];
