import { KeyedHash } from '@medrex/contracts';
import type { StateKey } from '@medrex/keys';
import { privacyError } from './errors.ts';
import { lengthPrefixed } from './length-prefixed.ts';
import { BodyKey, openBody, sealBody } from './sealed-body.ts';

/** What the arguments of a call are bound to. Another attempt of the same message has the same. */
export interface CallName {
  readonly sourceHash: string;
  readonly chaincode: string;
  readonly function: string;
}

/** What a foreign chaincode answered: the payload of its response, or its words of refusal. */
export interface CallAnswer {
  readonly payload?: string;
  /** How `payload` is written when it is no UTF-8 text. */
  readonly encoding?: 'base64';
  /** The payload was longer than an outcome carries. */
  readonly isCut?: boolean;
  readonly message?: string;
}

const argumentsBinding = 'medrex call arguments 1';
const answerBinding = 'medrex call answer 1';
const queueKeyCharacters = 32;

/**
 * What calls of per-transaction mode on one channel need a secret for: the nonces of their tries, the names of foreign keys in
 * our queues, and the sealing of arguments and answers. Ingest and orderer-dag hold the same secret, and it is never changed:
 * with another one a call that was under way would be sent a second time under other transaction ids.
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

  /** The nonce of one try of a call, and so, by the ledger, its transaction id. @param attempt from 1. */
  nonce(opId: string, attempt: number): Uint8Array {
    return this.#nonces.digest(lengthPrefixed([opId, String(attempt)]));
  }

  /**
   * The name of a foreign chaincode's key in our queues. Keyed: it may hold what the sender's arguments say, and the keys of an
   * operation stand in logs. Keys of two chaincodes never meet, and none meets a key of ours.
   */
  queueKey(chaincode: string, key: string): StateKey {
    const name = this.#names.hex(lengthPrefixed([chaincode, key])).slice(0, queueKeyCharacters);
    return `ext~${chaincode}~${name}` as StateKey;
  }

  /** A key that stands for all of a chaincode's state: who reads it touches some key, who writes it may touch any. */
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
