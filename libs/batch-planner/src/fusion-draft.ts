import type { StateKey } from '@medrex/keys';
import { unitsOf } from './flight-model.ts';
import type { FusionCaps } from './planner-limits.ts';
import type { TrackedOperation } from './tracked-operation.ts';

/** Limits of a draft. */
export interface DraftLimits {
  readonly caps: FusionCaps;
  /** Maximum of operations: the self-tuned size, never above the cap. */
  readonly operationsMax: number;
  readonly msPerUnit: number;
  /** The foreign-written ones of an operation's keys. */
  readonly foreignAmong: (operation: TrackedOperation) => readonly StateKey[];
}

interface Weight {
  readonly keys: number;
  readonly bytes: number;
  /** Work, in units of `FlightModel`. */
  readonly units: number;
}

/** A close touches only the operation record. */
const closeWeight: Weight = { keys: 1, bytes: 0, units: unitsOf(1, 0) };

function weightOf({ planned, isClosing }: TrackedOperation): Weight {
  const { keys, bytes } = planned;
  return isClosing ? closeWeight : { keys: keys.length, bytes, units: unitsOf(keys.length, bytes) };
}

/** Whether a single operation exceeds a soft cap. */
export function exceedsCaps(operation: TrackedOperation, caps: FusionCaps, msPerUnit: number): boolean {
  const { keys, bytes, units } = weightOf(operation);
  return keys > caps.keysMax || bytes > caps.bytesMax || units * msPerUnit > caps.estimatedMsMax;
}

/** A fusion being built. An operation that exceeds a cap by itself fits only alone. */
export class FusionDraft {
  readonly operations: TrackedOperation[] = [];
  readonly #limits: DraftLimits;
  #operationsMax: number;
  #keys = 0;
  #bytes = 0;
  #units = 0;
  #foreign: readonly StateKey[] = [];

  constructor(limits: DraftLimits) {
    this.#limits = limits;
    this.#operationsMax = limits.operationsMax;
  }

  get isFull(): boolean {
    return this.operations.length >= this.#operationsMax;
  }

  /** True if it holds one operation that is above a cap. */
  get isOversize(): boolean {
    return this.operations[0]?.isOversize === true;
  }

  /** Fill level by the most used cap; 1 when nothing more fits. */
  get fill(): number {
    const { caps, operationsMax, msPerUnit } = this.#limits;
    return Math.max(
      this.operations.length / operationsMax,
      this.#keys / caps.keysMax,
      this.#bytes / caps.bytesMax,
      (this.#units * msPerUnit) / caps.estimatedMsMax,
    );
  }

  get units(): number {
    return this.#units;
  }

  /** Adds the operation if it fits. Returns whether it does. */
  add(operation: TrackedOperation): boolean {
    const foreign = this.#limits.foreignAmong(operation);
    if (!this.#fits(operation, foreign)) return false;
    if (this.operations.length === 0) this.#foreign = foreign;
    const { keys, bytes, units } = weightOf(operation);
    this.operations.push(operation);
    this.#keys += keys;
    this.#bytes += bytes;
    this.#units += units;
    this.#operationsMax = operation.isOversize ? 1 : Math.min(this.#operationsMax, operation.fusionMax);
    return true;
  }

  #fits(operation: TrackedOperation, foreign: readonly StateKey[]): boolean {
    const { caps, msPerUnit } = this.#limits;
    const { keys, bytes, units } = weightOf(operation);
    const count = this.operations.length;
    if (count === 0) return true;
    return (
      count < Math.min(this.#operationsMax, operation.fusionMax) &&
      this.#keys + keys <= caps.keysMax &&
      this.#bytes + bytes <= caps.bytesMax &&
      (this.#units + units) * msPerUnit <= caps.estimatedMsMax &&
      this.#goesWith(foreign)
    );
  }

  /**
   * A foreign-written key is fused with nothing else: only operations on the first operation's foreign keys may join.
   */
  #goesWith(foreign: readonly StateKey[]): boolean {
    if (this.#foreign.length === 0) return foreign.length === 0;
    return foreign.length > 0 && foreign.every((key) => this.#foreign.includes(key));
  }
}
