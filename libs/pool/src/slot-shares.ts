import type { PoolSettings } from './pool-settings.ts';
import type { WorkloadClass } from './workload-class.ts';

type Shares = Pick<PoolSettings, 'max' | 'interactiveShareMin' | 'analyticalShareMax' | 'bulkShareMax'>;

/** How many backends each class may hold at once, and all classes but interactive and admin together (`others`). */
export interface SlotCaps {
  readonly of: Readonly<Record<WorkloadClass, number>>;
  readonly others: number;
  /** Slots of `others` that no class may borrow beyond its own share. */
  readonly notLent: number;
}

/**
 * Divides the slots by shares; every class gets at least one. Priority in the queue alone would not help interactive work: when it
 * arrives, every slot may be busy with a long query.
 *
 * @param isShrunk halves the shares of analytical and bulk work (overload)
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
    notLent: isShrunk ? others : Math.floor(others / 4),
  };
}

/** Slots held by each class in one pool. All methods are O(1). */
export class SlotShares {
  readonly held: Record<WorkloadClass, number> = { interactive: 0, vector: 0, analytical: 0, bulk: 0, admin: 0 };
  /** Those of them whose transaction runs no statement: they count against `others`, but not against their class. */
  readonly #idleInTransaction: Record<WorkloadClass, number> = {
    interactive: 0,
    vector: 0,
    analytical: 0,
    bulk: 0,
    admin: 0,
  };
  #heldByOthers = 0;
  #caps: SlotCaps;

  constructor(caps: SlotCaps) {
    this.#caps = caps;
  }

  /** Backends above the new caps are kept until their check-in. */
  set(caps: SlotCaps): void {
    this.#caps = caps;
  }

  mayHold(workClass: WorkloadClass): boolean {
    return this.room(workClass) > 0;
  }

  /** How many more backends the class may hold now. */
  room(workClass: WorkloadClass): number {
    if (workClass === 'interactive' || workClass === 'admin') return Infinity;
    return Math.min(
      this.#caps.of[workClass] - this.held[workClass] + this.#idleInTransaction[workClass],
      this.roomOfOthers,
    );
  }

  /** Whether a class may borrow a slot beyond its share. */
  get canLend(): boolean {
    return this.roomOfOthers > this.#caps.notLent;
  }

  get roomOfOthers(): number {
    return this.#caps.others - this.#heldByOthers;
  }

  take(workClass: WorkloadClass): void {
    this.held[workClass] += 1;
    if (isOther(workClass)) this.#heldByOthers += 1;
  }

  addIdleInTransaction(workClass: WorkloadClass): void {
    this.#idleInTransaction[workClass] += 1;
  }

  removeIdleInTransaction(workClass: WorkloadClass): void {
    this.#idleInTransaction[workClass] -= 1;
  }

  giveBack(workClass: WorkloadClass): void {
    this.held[workClass] -= 1;
    if (isOther(workClass)) this.#heldByOthers -= 1;
  }
}

function isOther(workClass: WorkloadClass): boolean {
  return workClass !== 'interactive' && workClass !== 'admin';
}
