import { perTransactionContract, readCallFacts, type CallFacts } from '@medrex/contracts';
import { decodeOperation, type OperationHeader } from '@medrex/execute-batch';
import type { DeclaredKey, StateKey } from '@medrex/keys';
import type { CallKey } from '@medrex/privacy';

/** Replaces the facts of an unreadable call. */
const unreadable: Pick<CallFacts, 'chaincode' | 'function'> = { chaincode: '', function: '' };

/** A live operation of per-transaction mode: what it calls, and the state of its tries. */
export class Call {
  readonly chaincode: string;
  readonly fn: string;
  readonly args: readonly string[];
  /** True when the sender or a template named all keys; then a refusal counts at once. */
  readonly isDeclared: boolean;
  /** False when the arguments cannot be unsealed or the chaincode is reserved; then it can only be closed. */
  readonly isReadable: boolean;
  /** The current try, from 1. Every earlier try is invalid in a block. */
  attempt = 1;
  /** True when it holds the whole state of its chaincode; then every earlier operation is terminal. */
  holdsAll = false;
  /** The refusal message of the contract, while the close that records it is in flight. */
  refusal: string | undefined;
  #wasEndorsed = false;
  readonly #held = new Map<string, boolean>();
  readonly #discovered = new Map<string, DeclaredKey>();

  constructor(given: Pick<Call, 'chaincode' | 'fn' | 'args' | 'isDeclared' | 'isReadable'>) {
    this.chaincode = given.chaincode;
    this.fn = given.fn;
    this.args = given.args;
    this.isDeclared = given.isDeclared;
    this.isReadable = given.isReadable;
  }

  /** Undeclared keys that it touched, in order of discovery. */
  get discovered(): readonly DeclaredKey[] {
    return [...this.#discovered.values()];
  }

  /** True once, at the first endorsement, by which the prediction is measured. */
  isFirstEndorsement(): boolean {
    const isFirst = !this.#wasEndorsed;
    this.#wasEndorsed = true;
    return isFirst;
  }

  /** Notes keys that it holds in the queues since its admission. */
  hold(keys: readonly DeclaredKey[]): void {
    for (const key of keys) this.#note(key);
  }

  /** Notes the keys that an endorsement touched; returns those not held before. */
  discover(keys: readonly DeclaredKey[]): readonly DeclaredKey[] {
    const news = keys.filter(
      ({ key, mode }) => this.#held.get(key) !== true && (mode !== 'read' || !this.#held.has(key)),
    );
    for (const one of news) {
      this.#note(one);
      this.#discovered.set(one.key, one);
    }
    return news;
  }

  #note({ key, mode }: DeclaredKey): void {
    this.#held.set(key, this.#held.get(key) === true || mode !== 'read');
  }
}

export const isCall = ({ contract }: Pick<OperationHeader, 'contract'>): boolean => contract === perTransactionContract;

/** Decodes a call from the bytes of its operation. @param reserved the Medrex chaincode, which calls must not name */
export function readCall(bytes: Uint8Array, key: CallKey, reserved: string): Call {
  const { facts, bodies, sourceHash } = decodeOperation(bytes);
  const { chaincode, function: fn, ...rest } = readCallFacts(facts) ?? { ...unreadable, isDeclared: false };
  const given = { chaincode, fn, isDeclared: rest.isDeclared };
  const args = chaincode === reserved ? undefined : opened(key, { sourceHash, chaincode, function: fn }, bodies[0]);
  return new Call({ ...given, args: args ?? [], isReadable: args !== undefined });
}

function opened(
  key: CallKey,
  name: Parameters<CallKey['openArguments']>[0],
  body: Uint8Array | undefined,
): readonly string[] | undefined {
  if (name.chaincode === '' || body === undefined) return undefined;
  try {
    return key.openArguments(name, body);
  } catch {
    return undefined; // sealed under another key; the dead letter can be resent under the right one
  }
}

/** The queue keys of a call: its declared or predicted keys, its operation record, and the marker of its chaincode's state. */
export function keysOfCall(
  call: Call,
  declared: readonly DeclaredKey[],
  recordKey: StateKey,
  key: CallKey,
): readonly DeclaredKey[] {
  const state = key.wholeStateKey(call.chaincode);
  const isHeld = !call.isReadable || declared.some((one) => one.key === state);
  return [
    ...declared,
    ...(isHeld ? [] : [{ key: state, mode: 'read' } as const]),
    { key: recordKey, mode: 'readWrite' },
  ];
}
