import type { Changes } from './changes.ts';

/** Takes the changes that a connection has committed, or may have. */
export interface ChangesPort {
  /** The changes are visible to others from now on. */
  committed(changes: readonly Changes[]): void;
  /** The connection was lost before the changes were committed: the server may commit them later, or never. */
  uncertain(changes: readonly Changes[]): void;
}

/** What is known when a statement completes. */
export interface StatementEnd {
  /** The verb of a transaction statement, such as COMMIT or ROLLBACK. */
  readonly verb?: string | undefined;
  readonly tag: string;
  /** No transaction block was open at the last ReadyForQuery. */
  readonly isOutsideBlock: boolean;
}

const preparedMax = 1_000;
/** Statements remembered for one prepared name; with more, executing it may change anything. */
const meaningsMax = 8;

/**
 * Follows what the transactions of one connection write, and reports it when it is committed, before the client learns of the commit.
 * Outside of a transaction block a statement is committed at its CommandComplete, or at ReadyForQuery if several share an implicit
 * transaction. It is reported both times, which only increments epochs.
 */
export class BackendWrites {
  readonly #port: ChangesPort;
  /** Changes of the open transaction, without duplicates. */
  #pending = new Map<string, Changes>();
  /** Changes of statements that were sent and have not completed. */
  readonly #inFlight = new Set<readonly Changes[]>();
  /** For each name given by SQL PREPARE, the statements that it may stand for. */
  readonly #prepared = new Map<string, readonly Changes[]>();
  /** What statements may change that the proxy does not see: FunctionCall messages, for example. */
  #untracked: Changes | undefined;

  constructor(port: ChangesPort) {
    this.#port = port;
  }

  /** Whether the outcome of the current transaction matters. */
  get hasPending(): boolean {
    return this.#pending.size > 0 || this.#inFlight.size > 0;
  }

  /** Whether it may make changes that are not followed. */
  get hasUntracked(): boolean {
    return this.#untracked !== undefined;
  }

  /** An SQL PREPARE is sent. If it fails, the name keeps its former statement, so both are remembered. */
  prepared(name: string, changes: Changes): void {
    const known = this.#prepared.get(name) ?? [];
    if (known.length > meaningsMax || known.some((each) => keyOf(each) === keyOf(changes))) return;
    if (this.#prepared.size < preparedMax || known.length > 0) this.#prepared.set(name, [...known, changes]);
  }

  /** From now on every transaction may make these changes. */
  setUntracked(changes: Changes): void {
    this.#untracked = changes;
  }

  /** Statements are sent to the server. Returns the argument for `completed` and `ended`. */
  sent(changes: readonly Changes[]): readonly Changes[] {
    const resolved = changes.flatMap((each) => this.#resolved(each));
    this.#inFlight.add(resolved);
    return resolved;
  }

  /** A statement has completed; those of one message complete one after the other. */
  completed(changes: readonly Changes[], { verb, tag, isOutsideBlock }: StatementEnd): void {
    if (tag === 'ROLLBACK' && (verb === 'rollback' || verb === 'commit')) return this.#rolledBack();
    this.#note(changes);
    if (isOutsideBlock || tag === 'COMMIT') this.#port.committed([...this.#pending.values()]);
  }

  /** All statements of a message have completed or failed. */
  ended(changes: readonly Changes[]): void {
    this.#inFlight.delete(changes);
    this.#note(changes);
  }

  /** ReadyForQuery was received. @param isIdle no transaction is open */
  settled(isIdle: boolean): void {
    if (this.#untracked !== undefined) this.#note([this.#untracked]);
    if (!isIdle || this.#pending.size === 0) return;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#port.committed(pending);
  }

  lost(): void {
    if (this.#untracked !== undefined) this.#note([this.#untracked]);
    const all = [...this.#pending.values(), ...[...this.#inFlight].flat()];
    this.#pending.clear();
    this.#inFlight.clear();
    if (all.length > 0) this.#port.uncertain(all);
  }

  /** Drops the pending changes, except unseen ones: a procedure may have committed in between. */
  #rolledBack(): void {
    for (const [key, { runsUnknownCode }] of this.#pending) if (!runsUnknownCode) this.#pending.delete(key);
  }

  #note(changes: readonly Changes[]): void {
    for (const each of changes) this.#pending.set(keyOf(each), each);
  }

  #resolved(changes: Changes): readonly Changes[] {
    if (changes.executes === undefined) return [changes];
    const known = this.#prepared.get(changes.executes) ?? [];
    return known.length === 0 || known.length > meaningsMax ? [{ ...changes, runsUnknownCode: true }] : known;
  }
}

const keys = new WeakMap<Changes, string>();

/** Equal for equal changes, which may be distinct objects. */
function keyOf(changes: Changes): string {
  const known = keys.get(changes);
  if (known !== undefined) return known;
  const key = JSON.stringify(changes);
  keys.set(changes, key);
  return key;
}
