import type { OperationOutcome } from '@medrex/contracts';
import type { ValidationCode } from '@medrex/ledger';
import type { OpenReason } from './breaker.ts';
import type { CloseReason } from './close-reason.ts';
import type { Flight } from './flight.ts';

/**
 * Why the operations of a flight went back to their places.
 *
 * - `widened`: they touched keys that were not held; `stale`: what they read was overwritten before anything was sent
 * - `foreign`, `upgrade`, `registry`, `own`: a block showed the envelope invalid through a key of another writer (an envelope
 *   of our own that had been given up counts as one), through a chaincode upgrade, through a change of authors or policies, or
 *   through an envelope that is under way with it, which must not happen
 * - `unknown`: it was not seen in a block in time, or only as a duplicate
 * - `lapsed`: this instance has not been able to write its progress for so long that another may drive the channel
 * - `infrastructure`, `suspect`: the channel failed, or this set of operations did
 */
export const returnReasons = [
  'widened',
  'stale',
  'foreign',
  'upgrade',
  'registry',
  'own',
  'unknown',
  'lapsed',
  'infrastructure',
  'suspect',
] as const;
export type ReturnReason = (typeof returnReasons)[number];

/** Which step keeps failing, in a log line and a metric label. */
export const troubleSteps = [
  'operations',
  'analyzed',
  'outcomes',
  'dead-letters',
  'blocks',
  'progress',
  'take-over',
  'block-stream',
  'look-up',
  'truncate',
] as const;
export type TroubleStep = (typeof troubleSteps)[number];

/** An instance's part in a channel. */
export const channelRoles = ['leader', 'standby'] as const;

/** Why an instance drives a channel: nobody did, the one before let go of it, or was not heard any more. */
export type LeadReason = 'start' | 'handed-over' | 'silence';

/** The facts of a channel as they happen; whoever observes counts, logs and traces them. Nothing is decided here. */
export interface ChannelObserver {
  /** Another instance drives the channel under this generation; this one waits in reserve. */
  waits(generation: number): void;
  leads(generation: number, reason: LeadReason): void;
  /** This instance has let go of the channel, for another one or for its own restart. */
  handedOver(generation: number): void;
  admitted(operations: number): void;
  started(flight: Flight): void;
  endorsed(flight: Flight): void;
  sent(flight: Flight): void;
  /** The orderer took the envelope; its block may have been seen before. */
  acknowledged(flight: Flight): void;
  /** A block showed the envelope of a flight, VALID or not. */
  validated(flight: Flight, code: ValidationCode, commitMs: number): void;
  settled(flight: Flight, outcomes: readonly OperationOutcome[]): void;
  /** An envelope turned up VALID after its operations had been planned again: these now answer from their records. */
  settledLate(flight: Flight): void;
  returned(
    flight: Flight,
    reason: ReturnReason,
    particulars?: { readonly error?: unknown; readonly widened?: number },
  ): void;
  /** An operation will be closed at its place: deadline, ready too long, unstable keys, poison. */
  closing(seq: number, reason: CloseReason): void;
  probed(hasPassed: boolean): void;
  opened(reason: OpenReason, error: unknown): void;
  closed(openMs: number): void;
  /** The channel stands until somebody looks: nothing is sent, nothing is dead-lettered. */
  stopped(error: unknown): void;
  trouble(step: TroubleStep, error: unknown, failures: number): void;
  /** A call without declared keys was endorsed for the first time: whether all it touched had been predicted. */
  predicted(isRight: boolean): void;
  foreignWrites(keys: number): void;
  /** Live operations that have been ready for too long without being carried (a third of the limit). */
  hanging(operations: number): void;
}
