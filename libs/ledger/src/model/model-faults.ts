import type { Proposal } from '../ledger.ts';
import type { ValidationCode } from '../validation-code.ts';

/** Which proposals a fault affects: a share by the seeded random (0 none, 1 all), or those selected by a predicate. */
export type Chance = number | ((proposal: Proposal) => boolean);

/**
 * The faults of the model, which can be switched while it runs. `foreignWrite` and `upgrade` of the ledger are further
 * disturbances.
 */
export interface ModelFaults {
  /** The endorsers do not answer: LEDGER_UNAVAILABLE. */
  readonly endorsementFails: Chance;
  /** The endorsers answer status 500 without running the chaincode: ENDORSEMENT_REFUSED. */
  readonly endorsementRefused: Chance;
  /** Reads of state fail inside the simulation, as when a peer loses its state database. */
  readonly stateReadsFail: Chance;
  /** The last of several endorsers writes different bytes: ENDORSEMENTS_DIFFER, nondeterminism. */
  readonly endorserDiffers: Chance;
  /**
   * Endorsers that answer but commit late, by organisation: by so many milliseconds, or `held` until switched off.
   * Blocks are delivered once the last endorser has them.
   */
  readonly laggingEndorsers: Readonly<Record<string, number | 'held'>>;
  /** submit() fails: LEDGER_UNAVAILABLE. */
  readonly ordererUnavailable: boolean;
  /** Acknowledged and never ordered, as by a deposed Raft leader. */
  readonly envelopeDropped: Chance;
  /** Ordered, but the acknowledgement is lost: LEDGER_UNAVAILABLE. */
  readonly acknowledgementLost: Chance;
  /** Acknowledged and ordered later: after `hangMs`, or by `releaseHanging()` when that is `held`. */
  readonly envelopeHangs: Chance;
  readonly hangMs: number | 'held';
  /** The peers commit, but their block streams deliver nothing. */
  readonly blockStreamStands: boolean;
  /** Replaces the channel's AbsoluteMaxBytes. */
  readonly absoluteMaxBytes: number | undefined;
  /** Lets signature and policy checks fail with any code. */
  readonly verdict: ((proposal: Proposal) => ValidationCode | undefined) | undefined;
}

export const noFaults: ModelFaults = {
  endorsementFails: 0,
  endorsementRefused: 0,
  stateReadsFail: 0,
  endorserDiffers: 0,
  laggingEndorsers: {},
  ordererUnavailable: false,
  envelopeDropped: 0,
  acknowledgementLost: 0,
  envelopeHangs: 0,
  hangMs: 'held',
  blockStreamStands: false,
  absoluteMaxBytes: undefined,
  verdict: undefined,
};

/** The current faults, and listeners for changes. */
export class FaultSwitch {
  #now: ModelFaults;
  readonly #random: () => number;
  readonly #listeners: (() => void)[] = [];

  constructor(faults: Partial<ModelFaults> | undefined, random: () => number) {
    this.#now = { ...noFaults, ...faults };
    this.#random = random;
  }

  get now(): ModelFaults {
    return this.#now;
  }

  set(faults: Partial<ModelFaults>): void {
    this.#now = { ...this.#now, ...faults };
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Decides by random or by the predicate. */
  strikes(chance: Chance, proposal: Proposal): boolean {
    if (typeof chance === 'function') return chance(proposal);
    return chance > 0 && this.#random() < chance;
  }
}
