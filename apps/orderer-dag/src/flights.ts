import type { BatchPlanner, Fusion } from '@medrex/batch-planner';
import { CodedError } from '@medrex/coded-error';
import { decodeResults, type OperationResult } from '@medrex/execute-batch';
import { isRegistryKey } from '@medrex/keys';
import {
  isLifecycleKey,
  type Block,
  type CommittedTransaction,
  type Endorsement,
  type Ledger,
  type Proposal,
} from '@medrex/ledger';
import type { ChannelHealth } from './channel-health.ts';
import type { ChannelObserver, ReturnReason } from './channel-observer.ts';
import { within, type Clock } from './clock.ts';
import { checkEndorsement } from './endorsement-check.ts';
import { ordererErrors } from './errors.ts';
import type { FailureJudge } from './failure-judge.ts';
import { failureVerdict, type FailureVerdict } from './failure-table.ts';
import { Flight } from './flight.ts';
import type { Lease } from './lease.ts';
import type { LiveOperation } from './live-operation.ts';
import type { RecentWrites } from './recent-writes.ts';
import type { SentEnvelopes } from './sent-envelopes.ts';
import type { TransactionName } from './transaction-names.ts';
import { validationRule } from './validation-table.ts';
import type { WorkingTime } from './working-time.ts';

/** A flight whose envelope is VALID in a block, with the results in its response payload. */
export interface Landing {
  readonly flight: Flight;
  readonly results: readonly OperationResult[];
  readonly transaction: CommittedTransaction;
  readonly block: Block;
  /** True when its operations were already returned. */
  readonly isLate: boolean;
}

/** Options of the flights of a channel. */
export interface FlightsOptions {
  readonly ledger: Ledger;
  readonly planner: BatchPlanner;
  readonly health: ChannelHealth;
  readonly judge: FailureJudge;
  readonly sent: SentEnvelopes;
  readonly recent: RecentWrites;
  readonly lease: Pick<Lease, 'isHeld'>;
  readonly clock: Clock;
  /** The clock of the planner. */
  readonly working: WorkingTime;
  readonly observer: ChannelObserver;
  readonly endorseTimeoutMs: number;
  /** An envelope not seen in a block within this time, in ms, becomes unknown. Default: 2 s plus the BatchTimeout of the channel. */
  readonly unseenAfterMs: number;
  readonly nextName: () => TransactionName;
  readonly propose: (operations: readonly LiveOperation[], name: TransactionName) => Proposal;
  readonly onLanded: (landing: Landing) => void;
  /** Called when operations were returned to their queues, so planning is due. */
  readonly onReturned: () => void;
  /** Called when an operation was widened too often. */
  readonly onUnstable: (seq: number) => void;
  readonly onStop: (error: unknown) => void;
}

/** Carries fusions through the ledger: endorse, check, submit, wait for the block. Every flight ends with its operations terminal or back in their queues. */
export class Flights {
  readonly #options: FlightsOptions;
  readonly #active = new Set<Flight>();
  #isGrounded = false;

  constructor(options: FlightsOptions) {
    this.#options = options;
  }

  /** Number of flights that hold operations. */
  get active(): number {
    return this.#active.size;
  }

  /** Lowest block height at which an active flight started; `height` when there is none. */
  oldestHeight(height: number): number {
    let oldest = height;
    for (const { start } of this.#active) oldest = Math.min(oldest, start.startHeight);
    return oldest;
  }

  launch(fusion: Fusion, operations: readonly LiveOperation[], startHeight: number): void {
    const { clock, health, nextName, observer } = this.#options;
    const name = nextName();
    const flight = new Flight({
      txId: name.txId,
      fusion,
      operations,
      startHeight,
      startedMs: clock.now(),
      isAfterPassingProbe: health.hasPassedProbe,
    });
    this.#active.add(flight);
    observer.started(flight);
    this.#watch(this.#fly(flight, name));
  }

  /** Stops sending and returning operations; envelopes in blocks are still processed. */
  stopSending(): void {
    this.#isGrounded = true;
  }

  async #fly(flight: Flight, name: TransactionName): Promise<void> {
    const { clock, ledger, endorseTimeoutMs, propose, observer } = this.#options;
    const { txId, operations } = flight;
    const late = (): Error =>
      new CodedError(ordererErrors.ENDORSEMENT_TIMEOUT, `tx ${txId}: no answer in ${endorseTimeoutMs} ms`);
    try {
      const endorsement = await within(clock, endorseTimeoutMs, ledger.endorse(propose(operations, name)), late);
      flight.endorsed(endorsement, decodeResults(endorsement.response.payload), clock.now());
    } catch (error) {
      return this.#fail(flight, failureVerdict(error), error);
    }
    observer.endorsed(flight);
    const { endorsement } = flight;
    if (endorsement !== undefined && !this.#isGrounded && (await this.#mayBeSent(flight, endorsement))) {
      await this.#send(flight, endorsement);
    }
  }

  /** Whether the envelope cannot conflict with another one of ours, and no read is known to be stale. */
  async #mayBeSent(flight: Flight, { readWriteSet, proposal }: Endorsement): Promise<boolean> {
    const verdict = checkEndorsement(flight.operations, flight.results, readWriteSet);
    if (verdict.kind !== 'covered') {
      const why =
        verdict.kind === 'unfinished' ? verdict.why : `${verdict.keys.length} undeclared keys or ranges touched`;
      await this.#fail(flight, 'set', new CodedError(ordererErrors.ENDORSEMENT_UNSOUND, `tx ${flight.txId}: ${why}`));
      return false;
    }
    const held = this.#options.planner.hold(flight.fusion, verdict.discoveries);
    if (held.kind === 'returned') {
      this.#widened(flight, held);
      return false;
    }
    if (!this.#options.lease.isHeld) {
      this.#giveBack(flight, 'lapsed');
      return false;
    }
    const discovered = new Set(verdict.discoveries.flatMap(({ keys }) => keys.map(({ key }): string => key)));
    if (this.#options.recent.stale(readWriteSet.reads, discovered, proposal.chaincode).length === 0) return true;
    this.#giveBack(flight, 'stale');
    return false;
  }

  async #send(flight: Flight, endorsement: Endorsement): Promise<void> {
    const { clock, ledger, sent, observer, unseenAfterMs } = this.#options;
    sent.expect(flight.txId, (transaction, block) => this.#seen(flight, transaction, block));
    flight.sent(
      clock.now(),
      clock.after(unseenAfterMs, () => this.#unseen(flight)),
    );
    observer.sent(flight);
    try {
      await ledger.submit(endorsement);
      observer.acknowledged(flight);
    } catch (error) {
      if (flight.state === 'sent') await this.#refused(flight, error);
    }
  }

  /** Handles an error of submit: the orderer apparently did not accept the envelope. */
  async #refused(flight: Flight, error: unknown): Promise<void> {
    flight.to('judging');
    const judged = await this.#options.judge.judge(flight, failureVerdict(error), error);
    if (judged !== 'stop') this.#giveBack(flight, judged === 'suspect' ? 'suspect' : 'unknown', error);
  }

  /** Handles an envelope that was not seen in time, but may still be ordered. The operations run again; both read the operation records, so only one can be VALID. */
  #unseen(flight: Flight): void {
    this.#giveBack(flight, 'unknown');
    void this.#options.health.ask();
  }

  #seen(flight: Flight, transaction: CommittedTransaction, block: Block): void {
    const { observer, clock, onStop } = this.#options;
    const { meaning, action } = validationRule(transaction.code);
    observer.validated(flight, transaction.code, clock.now() - flight.sentMs);
    const what = `tx ${flight.txId} in block ${block.number}: ${transaction.code}, ${meaning}`;
    if (action === 'complete') this.#landed(flight, transaction, block);
    else if (action === 'stop') onStop(new CodedError(ordererErrors.CHANNEL_STOPPED, what));
    else if (flight.state === 'unknown') flight.to('returned');
    else if (flight.state !== 'sent')
      return; // the judging code returns it
    else if (action === 'look-up') this.#giveBack(flight, 'unknown');
    else if (action === 'plan-again') this.#giveBack(flight, conflictOf(flight, this.#options.recent));
    else this.#watch(this.#fail(flight, action, new CodedError(ordererErrors.ENVELOPE_INVALID, what)));
  }

  #landed(flight: Flight, transaction: CommittedTransaction, block: Block): void {
    const endorsed = flight.endorsement?.response.payload;
    const isAsEndorsed = endorsed !== undefined && Buffer.compare(transaction.payload, endorsed) === 0;
    const results = isAsEndorsed ? flight.results : decodeResults(transaction.payload);
    const isLate = !this.#active.delete(flight);
    flight.to('settled');
    this.#options.judge.carried();
    this.#options.onLanded({ flight, results, transaction, block, isLate });
  }

  async #fail(flight: Flight, verdict: FailureVerdict, error: unknown): Promise<void> {
    flight.to('judging');
    const judged = await this.#options.judge.judge(flight, verdict, error);
    if (judged !== 'stop') this.#giveBack(flight, judged, error);
  }

  #widened(
    flight: Flight,
    { widened, unstable }: { readonly widened: readonly number[]; readonly unstable: readonly number[] },
  ): void {
    const { observer, onUnstable, onReturned } = this.#options;
    this.#active.delete(flight);
    flight.to('returned');
    observer.returned(flight, 'widened', { widened: widened.length });
    unstable.forEach(onUnstable);
    onReturned();
  }

  /** Returns the operations to their queues, unless the flight has ended meanwhile. */
  #giveBack(flight: Flight, reason: Exclude<ReturnReason, 'widened'>, error?: unknown): void {
    if (this.#isGrounded || !this.#active.delete(flight)) return;
    const { planner, working, sent, observer, onReturned } = this.#options;
    planner.giveBack(flight.fusion, plannerReason[reason], working.now());
    sent.giveUp(flight.txId);
    flight.to(sent.isOurs(flight.txId) ? 'unknown' : 'returned');
    observer.returned(flight, reason, { error });
    flight.releaseData();
    onReturned();
  }

  /** Stops the channel on an internal error, so that it neither loses operations nor loops. */
  #watch(running: Promise<void>): void {
    running.catch(this.#options.onStop);
  }
}

/** The kind of writer that invalidated an envelope. */
export function conflictOf({ endorsement }: Flight, recent: RecentWrites): 'foreign' | 'upgrade' | 'registry' | 'own' {
  if (endorsement === undefined) return 'own';
  const overtaken = recent.stale(endorsement.readWriteSet.reads, new Set(), endorsement.proposal.chaincode);
  // Every read set contains the chaincode definition, which only an upgrade writes.
  if (overtaken.some(isLifecycleKey)) return 'upgrade';
  // Authors and policies are written by administrators only.
  if (overtaken.some(isRegistryKey)) return 'registry';
  return overtaken.length > 0 ? 'foreign' : 'own';
}

/** Reasons for the planner. Upgrades and registry changes are not contention, so they do not count as losses. */
export const plannerReason = {
  stale: 'invalid',
  foreign: 'invalid',
  own: 'invalid',
  upgrade: 'infrastructure',
  registry: 'infrastructure',
  lapsed: 'infrastructure',
  unknown: 'unknown',
  infrastructure: 'infrastructure',
  suspect: 'poison-suspect',
} as const;
