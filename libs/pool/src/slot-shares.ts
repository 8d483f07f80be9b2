import type { PoolSettings } from './pool-settings.ts';
import type { WorkloadClass } from './workload-class.ts';

type Shares = Pick<PoolSettings, 'max' | 'interactiveShareMin' | 'analyticalShareMax' | 'bulkShareMax'>;

/** How many backends each class may hold at once, and all but interactive and admin together. */
export interface SlotCaps {
  readonly of: Readonly<Record<WorkloadClass, number>>;
  readonly others: number;
  /** Of `others`, what no class gets beyond its own share. */
  readonly kept: number;
}

/**
 * Slots by shares, no class less than one. Priority in the queue alone does not help interactive work: when it
 * comes, every slot may be in the middle of a long query.
 *
 * @param isShrunk the load asks for it: analytical and bulk work get half of theirs
 */
export function slotCaps(shares: Shares, isShrunk = false): SlotCaps {
  const { max, interactiveShareMin, analyticalShareMax, bulkShareMax } = shares;
  const others = Math.max(1, Math.floor(max * (1 - interactiveShareMin)));
  const part = (share: number): number =>
    Math.min(others, Math.max(1, Math.floor(max * (isShrunk ? share / 2 : share))));
  return {
    of: {
      interactive: Infinity,
      vector: others,
      analytical: part(analyticalShareMax),
      bulk: part(bulkShareMax),
      admin: Infinity,
    },
    others,
    kept: isShrunk ? others : Math.floor(others / 4),
  };
}

/** Who holds how many slots of one pool. Every step is O(1). */
export class SlotShares {
  readonly held: Record<WorkloadClass, number> = { interactive: 0, vector: 0, analytical: 0, bulk: 0, admin: 0 };
  /** Of those, by transactions in which nothing runs: they take a slot of `others`, and none of their class. */
  readonly #resting: Record<WorkloadClass, number> = { interactive: 0, vector: 0, analytical: 0, bulk: 0, admin: 0 };
  #heldByOthers = 0;
  #caps: SlotCaps;

  constructor(caps: SlotCaps) {
    this.#caps = caps;
  }

  /** What is above the new caps goes on until its check-in. */
  set(caps: SlotCaps): void {
    this.#caps = caps;
  }

  mayHold(workClass: WorkloadClass): boolean {
    return this.room(workClass) > 0;
  }

  /** How many more the class may hold if no other class takes any. */
  room(workClass: WorkloadClass): number {
    if (workClass === 'interactive' || workClass === 'admin') return Infinity;
    return Math.min(this.#caps.of[workClass] - this.held[workClass] + this.#resting[workClass], this.roomOfOthers);
  }

  /** Whether a class that nobody gives a slot back of may have one beyond its share. */
  get canLend(): boolean {
    return this.roomOfOthers > this.#caps.kept;
  }

  get roomOfOthers(): number {
    return this.#caps.others - this.#heldByOthers;
  }

  take(workClass: WorkloadClass): void {
    this.held[workClass] += 1;
    if (isOther(workClass)) this.#heldByOthers += 1;
  }

  rest(workClass: WorkloadClass): void {
    this.#resting[workClass] += 1;
  }

  wake(workClass: WorkloadClass): void {
    this.#resting[workClass] -= 1;
  }

  giveBack(workClass: WorkloadClass): void {
    this.held[workClass] -= 1;
    if (isOther(workClass)) this.#heldByOthers -= 1;
  }
}

function isOther(workClass: WorkloadClass): boolean {
  return workClass !== 'interactive' && workClass !== 'admin';
}
