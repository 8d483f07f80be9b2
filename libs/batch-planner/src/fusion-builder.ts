import type { ReleaseWalk } from '@medrex/dependency-graph';
import { FusionDraft, type DraftLimits } from './fusion-draft.ts';
import { Heap } from './heap.ts';
import type { LiveSet } from './live-set.ts';
import { rankOf } from './ready-queue.ts';
import type { TrackedOperation } from './tracked-operation.ts';

/** How many ready operations that do not fit are skipped before a fusion is left as it is. */
const passedOverMax = 64;

/** What becomes free after the operations of a draft: an operation, or the next reader of a group. */
type Behind = { readonly rank: number } & ({ readonly operation: TrackedOperation } | { readonly reader: number });

/** Limits of a fusion. */
export interface FusionRequest extends DraftLimits {
  readonly class: number;
  /** Ready operations that it may begin with; those that become free after them are additional. */
  readonly readyMax: number;
  /** Whether one operation above a cap may go. */
  readonly mayBeOversize: boolean;
}

/**
 * Builds fusions: sets of operations of one class in which everything before an operation is terminal or also in the
 * set, so that a fusion is a prefix of the queue of each key. It begins with the ready operation of the lowest rank and
 * continues by rank with other ready operations and those that only wait for the set. Costs O(keys) for each operation
 * visited, and visits at most a few times as many as the fusion may hold.
 */
export class FusionBuilder {
  readonly #live: LiveSet;
  readonly #boost: number;
  readonly #walk: ReleaseWalk;
  readonly #behind = new Heap<Behind>((one, other) => one.rank < other.rank);

  constructor(live: LiveSet, boost: number) {
    this.#live = live;
    this.#boost = boost;
    this.#walk = live.queues.releaseWalk({
      onFree: (slot) => this.#foundFree(slot),
      onReaders: (entry) => this.#foundReader(entry),
    });
  }

  /** Returns the draft, empty if no operation of the class can go. Its operations are removed from the ready queue. */
  build(request: FusionRequest): FusionDraft {
    const draft = new FusionDraft(request);
    const first = this.#live.ready.first(request.class, request.mayBeOversize);
    this.#walk.begin();
    this.#behind.clear();
    if (first === undefined) return draft;
    this.#live.ready.remove(first);
    this.#take(draft, first);
    this.#fill(draft, request);
    return draft;
  }

  /** Discards the draft: its ready operations return to the ready queue. */
  putBack(draft: FusionDraft): void {
    for (const operation of draft.operations) if (operation.state === 'ready') this.#live.ready.push(operation);
  }

  #fill(draft: FusionDraft, request: FusionRequest): void {
    const passedOver: TrackedOperation[] = [];
    let readyLeft = request.readyMax - 1;
    for (let looks = 4 * request.operationsMax + passedOverMax; looks > 0 && !draft.isFull; looks -= 1) {
      const ready = readyLeft > 0 ? this.#live.ready.first(request.class, false) : undefined;
      const behind = this.#behind.first;
      if (behind !== undefined && (ready === undefined || behind.rank < rankOf(ready, this.#boost))) {
        this.#behind.pop();
        this.#follow(draft, request.class, behind);
      } else if (ready !== undefined) {
        this.#live.ready.remove(ready);
        if (this.#take(draft, ready)) readyLeft -= 1;
        else if (passedOver.push(ready) === passedOverMax) readyLeft = 0;
      } else break;
    }
    for (const operation of passedOver) this.#live.ready.push(operation);
  }

  #follow(draft: FusionDraft, place: number, behind: Behind): void {
    if ('operation' in behind) {
      if (behind.operation.class === place) this.#take(draft, behind.operation);
      return;
    }
    const next = this.#walk.pull(behind.reader);
    if (next !== 0) this.#foundReader(next);
  }

  #take(draft: FusionDraft, operation: TrackedOperation): boolean {
    if (operation.isAlone || !draft.add(operation)) return false;
    if (!draft.isFull) this.#walk.pass(operation.slot);
    return true;
  }

  #foundFree(slot: number): void {
    const operation = this.#live.at(slot);
    if (operation !== undefined) this.#behind.push({ rank: rankOf(operation, this.#boost), operation });
  }

  #foundReader(entry: number): void {
    const operation = this.#live.at(this.#walk.operationOf(entry));
    if (operation !== undefined) this.#behind.push({ rank: rankOf(operation, this.#boost), reader: entry });
  }
}
