import { perTransactionContract, readCallFacts, type CallFacts } from '@medrex/contracts';
import { decodeOperation, type OperationHeader } from '@medrex/execute-batch';
import type { DeclaredKey, StateKey } from '@medrex/keys';
import type { CallKey } from '@medrex/privacy';

/** What is wrong with a call that cannot be carried out. */
const unreadable: Pick<CallFacts, 'chaincode' | 'function'> = { chaincode: '', function: '' };

/** An operation of per-transaction mode while it is live: what it calls, and how far its tries have come. */
export class Call {
  readonly chaincode: string;
  readonly fn: string;
  readonly args: readonly string[];
  /** Sender or template named all its keys, so that a refusal counts at once. */
  readonly isDeclared: boolean;
  /** False for one whose arguments do not open, or that names no chaincode of others: it can only be closed. */
  readonly isReadable: boolean;
  /** The try that runs, from 1. Every try before it stands invalid in a block. */
  attempt = 1;
  /** It holds the whole state of its chaincode: everything before it is terminal. */
  holdsAll = false;
  /** What the contract said when it refused; the close that writes this down is under way. */
  refusal: string | undefined;
  #wasLookedAt = false;
  readonly #held = new Map<string, boolean>();
  readonly #discovered = new Map<string, DeclaredKey>();

  constructor(given: Pick<Call, 'chaincode' | 'fn' | 'args' | 'isDeclared' | 'isReadable'>) {
    this.chaincode = given.chaincode;
    this.fn = given.fn;
    this.args = given.args;
    this.isDeclared = given.isDeclared;
    this.isReadable = given.isReadable;
  }

  /** Keys found beyond what was declared, in the order of their finding. */
  get discovered(): readonly DeclaredKey[] {
    return [...this.#discovered.values()];
  }

  /** True once: at its first endorsement, which is what a prediction is measured by. */
  isFirstLook(): boolean {
    const isFirst = !this.#wasLookedAt;
    this.#wasLookedAt = true;
    return isFirst;
  }

  /** Notes keys that it holds in the queues from its admission on. */
  hold(keys: readonly DeclaredKey[]): void {
    for (const key of keys) this.#note(key);
  }

  /** Notes what an endorsement touched; returns what was not held before. */
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

/** Reads a call out of the bytes of its operation. @param reserved a chaincode that calls may not name: our own. */
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
    return undefined; // sealed under another key: the dead letter says so, and it can be sent again under the right one
  }
}

/** What a call is queued on: what was declared or predicted, its record, and that it touches some key of its chaincode. */
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
