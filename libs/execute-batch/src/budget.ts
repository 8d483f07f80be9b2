import { type Budget, type Operation, Reject } from './contract.ts';

/** A limit that grows with the operation. */
export interface Scaled {
  readonly base: number;
  readonly perEntry: number;
}

/** Limits of one operation. They are part of the chaincode and must be equal on all endorsers. */
export interface BudgetLimits {
  /** Gets, puts and deletes. */
  readonly stateCalls: Scaled;
  /** Bytes written, including the detail; the bytes of its bodies are allowed `bodyCopies` times in addition. */
  readonly bytesWritten: Scaled & { readonly bodyCopies: number };
  /** Units reported to `budget.spend` by loops. */
  readonly units: Scaled;
}

/**
 * Far above what a correct operation needs. A simulation within the limits ends in well under the 100 ms for which a
 * peer's lock should be held.
 */
export const defaultBudgetLimits: BudgetLimits = {
  stateCalls: { base: 200, perEntry: 20 },
  bytesWritten: { base: 65_536, perEntry: 8_192, bodyCopies: 4 },
  units: { base: 10_000, perEntry: 1_000 },
};

/**
 * Number of entries of an operation: its bodies or declared keys, whichever are more, at least 1, because an entry that
 * deletes has no body.
 */
export function entriesOf(operation: Operation): number {
  return Math.max(1, operation.bodies.length, operation.keys.length);
}

/**
 * Counts what one operation spends. Once a limit is exceeded, the operation is rejected even if the contract catches
 * the rejection.
 */
export class OperationBudget implements Budget {
  readonly #max: { readonly stateCalls: number; readonly bytesWritten: number; readonly units: number };
  readonly #spent = { stateCalls: 0, bytesWritten: 0, units: 0 };
  #exceeded: Reject | undefined;

  constructor(operation: Operation, limits: BudgetLimits) {
    const entries = entriesOf(operation);
    const scaled = ({ base, perEntry }: Scaled): number => base + perEntry * entries;
    let bodyBytes = 0;
    for (const body of operation.bodies) bodyBytes += body.length;
    this.#max = {
      stateCalls: scaled(limits.stateCalls),
      bytesWritten: scaled(limits.bytesWritten) + bodyBytes * limits.bytesWritten.bodyCopies,
      units: scaled(limits.units),
    };
  }

  /** @throws Reject BUDGET_EXCEEDED */
  spend(units: number): void {
    if (!(units >= 0)) throw new RangeError('a budget is spent in units from 0 on');
    this.#count('units', units);
  }

  stateCall(): void {
    this.#count('stateCalls', 1);
  }

  written(bytes: number): void {
    this.#count('bytesWritten', bytes);
  }

  /** The rejection for exceeding a limit, even if the contract caught it. */
  get exceeded(): Reject | undefined {
    return this.#exceeded;
  }

  #count(what: 'stateCalls' | 'bytesWritten' | 'units', amount: number): void {
    this.#spent[what] += amount;
    const max = this.#max[what];
    if (this.#spent[what] <= max) return;
    this.#exceeded ??= new Reject('BUDGET_EXCEEDED', `the operation needs more than ${max} ${what}`, { what, max });
    throw this.#exceeded;
  }
}
