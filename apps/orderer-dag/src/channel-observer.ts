import type { OperationOutcome } from '@medrex/contracts';
import type { ValidationCode } from '@medrex/ledger';
import type { OpenReason } from './breaker.ts';
import type { CloseReason } from './close-reason.ts';
import type { Flight } from './flight.ts';

/**
 * Why the operations of a flight were returned to their queues.
 *
 * - `widened`: they touched keys that were not held; `stale`: a read was overwritten before anything was sent
 * - `foreign`, `upgrade`, `registry`, `own`: the envelope was invalid in a block because of another writer (an own envelope that was
 *   given up counts as one), a chaincode upgrade, a change of authors or policies, or another own flight, which must not happen
 * - `unknown`: the envelope was not seen in a block in time, or only as a duplicate
 * - `lapsed`: the lease of this instance ran out, so another one may lead the channel
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

/** Names of retried steps, for log lines and a metric label. */
export const retriedSteps = [
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
export type RetriedStep = (typeof retriedSteps)[number];

/** Roles of an instance in a channel. */
export const channelRoles = ['leader', 'standby'] as const;

/** Why an instance became leader: there was none, the last one handed over, or it fell silent. */
export type LeadReason = 'start' | 'handed-over' | 'silence';

/** Receives the events of a channel, to count, log and trace them. It decides nothing. */
export interface ChannelObserver {
  /** Another instance leads the channel under this generation; this one is a standby. */
  waits(generation: number): void;
  leads(generation: number, reason: LeadReason): void;
  /** This instance has handed over the channel. */
  handedOver(generation: number): void;
  admitted(operations: number): void;
  started(flight: Flight): void;
  endorsed(flight: Flight): void;
  sent(flight: Flight): void;
  /** The orderer acknowledged the envelope; its block may have arrived before that. */
  acknowledged(flight: Flight): void;
  /** The envelope of a flight was seen in a block, VALID or not. */
  validated(flight: Flight, code: ValidationCode, commitMs: number): void;
  settled(flight: Flight, outcomes: readonly OperationOutcome[]): void;
  /** An envelope became VALID after its operations were planned again; these are now answered from their operation records. */
  settledLate(flight: Flight): void;
  returned(
    flight: Flight,
    reason: ReturnReason,
    particulars?: { readonly error?: unknown; readonly widened?: number },
  ): void;
  /** An operation will be closed at its place in the order. */
  closing(seq: number, reason: CloseReason): void;
  probed(hasPassed: boolean): void;
  opened(reason: OpenReason, error: unknown): void;
  closed(openMs: number): void;
  /** The channel is stopped until an operator acts: nothing is sent or dead-lettered. */
  stopped(error: unknown): void;
  stepFailed(step: RetriedStep, error: unknown, failures: number): void;
  /** A call without declared keys was endorsed for the first time. @param isRight whether all touched keys were predicted */
  predicted(isRight: boolean): void;
  foreignWrites(keys: number): void;
  /** Number of live operations that have been ready for a third of the limit without being carried. */
  hanging(operations: number): void;
}
