import type { Changes } from './changes.ts';

/** What becomes of changes that are committed, or may be. */
export interface ChangesPort {
  /** From now on they can be seen. */
  committed(changes: readonly Changes[]): void;
  /** The connection is gone while they were under way: the server may commit them later, or never. */
  uncertain(changes: readonly Changes[]): void;
}

/** What the server says that ends, or does not. */
export interface Ended {
  /** COMMIT, ROLLBACK and the like, by the verb of its text. */
  readonly verb?: string | undefined;
  readonly tag: string;
  /** No block is open, as far as the last ReadyForQuery told. */
  readonly isOutsideBlock: boolean;
}

const preparedMax = 1_000;
/** Of one name; with more of them it may be anything. */
const meaningsMax = 8;

/**
 * Follows what the transactions of one connection write, to say it when it is committed and before the client hears that.
 * A statement outside of a block is committed when its CommandComplete comes, or at ReadyForQuery where several share an
 * implicit transaction: it is told both times, which costs nothing but a number.
 */
export class BackendWrites {
  readonly #port: ChangesPort;
  /** Of the transaction that is open, each once however often it was done. */
  #pending = new Map<string, Changes>();
  /** On their way, and not answered. */
  readonly #underWay = new Set<readonly Changes[]>();
  /** By the names that SQL has given: everything that they may stand for. */
  readonly #prepared = new Map<string, readonly Changes[]>();
  /** It has called functions by messages that are not followed, and may go on to do so. */
  #unfollowed: Changes | undefined;

  constructor(port: ChangesPort) {
    this.#port = port;
  }

  /** Whether what ends the transaction matters. */
  get hasPending(): boolean {
    return this.#pending.size > 0 || this.#underWay.size > 0;
  }

  /** Whether it may change something of which nothing is seen. */
  get isUnfollowed(): boolean {
    return this.#unfollowed !== undefined;
  }

  /** SQL PREPARE is sent: if it succeeds, EXECUTE names it; if not, what had that name before still has it. */
  prepared(name: string, changes: Changes): void {
    const known = this.#prepared.get(name) ?? [];
    if (known.length > meaningsMax || known.some((each) => keyOf(each) === keyOf(changes))) return;
    if (this.#prepared.size < preparedMax || known.length > 0) this.#prepared.set(name, [...known, changes]);
  }

  /** From now on every transaction may have changed that. */
  unfollowed(changes: Changes): void {
    this.#unfollowed = changes;
  }

  /** Goes out. @returns what `ended` and `completed` take */
  sent(changes: readonly Changes[]): readonly Changes[] {
    const resolved = changes.flatMap((each) => this.#resolved(each));
    this.#underWay.add(resolved);
    return resolved;
  }

  /** A statement of them has ended; several of one message end one after the other. */
  completed(changes: readonly Changes[], { verb, tag, isOutsideBlock }: Ended): void {
    if (tag === 'ROLLBACK' && (verb === 'rollback' || verb === 'commit')) return this.#rolledBack();
    this.#note(changes);
    if (isOutsideBlock || tag === 'COMMIT') this.#port.committed([...this.#pending.values()]);
  }

  /** Nothing more of them comes. */
  ended(changes: readonly Changes[]): void {
    this.#underWay.delete(changes);
    this.#note(changes);
  }

  /** ReadyForQuery. */
  settled(isIdle: boolean): void {
    if (this.#unfollowed !== undefined) this.#note([this.#unfollowed]);
    if (!isIdle || this.#pending.size === 0) return;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#port.committed(pending);
  }

  lost(): void {
    if (this.#unfollowed !== undefined) this.#note([this.#unfollowed]);
    const all = [...this.#pending.values(), ...[...this.#underWay].flat()];
    this.#pending.clear();
    this.#underWay.clear();
    if (all.length > 0) this.#port.uncertain(all);
  }

  /** What a procedure has committed on its way stays. */
  #rolledBack(): void {
    for (const [key, { isUnseen }] of this.#pending) if (!isUnseen) this.#pending.delete(key);
  }

  #note(changes: readonly Changes[]): void {
    for (const each of changes) this.#pending.set(keyOf(each), each);
  }

  #resolved(changes: Changes): readonly Changes[] {
    if (changes.executes === undefined) return [changes];
    const known = this.#prepared.get(changes.executes) ?? [];
    return known.length === 0 || known.length > meaningsMax ? [{ ...changes, isUnseen: true }] : known;
  }
}

const keys = new WeakMap<Changes, string>();

/** Equal where the same changes; every text of several statements has changes of its own. */
function keyOf(changes: Changes): string {
  const known = keys.get(changes);
  if (known !== undefined) return known;
  const key = JSON.stringify(changes);
  keys.set(changes, key);
  return key;
}
