import type { BatchPlanner, Fusion } from '@medrex/batch-planner';
import { CodedError, isCodedError } from '@medrex/coded-error';
import type { OperationResult } from '@medrex/execute-batch';
import {
  setsOf,
  type Block,
  type BlockStream,
  type CommittedTransaction,
  type Endorsement,
  type FoundTransaction,
  type Ledger,
  type NamespaceSet,
} from '@medrex/ledger';
import type { CallKey } from '@medrex/privacy';
import { backoffMs, type BackoffLimits } from '../backoff.ts';
import type { ChannelHealth } from '../channel-health.ts';
import type { ChannelObserver, ReturnReason } from '../channel-observer.ts';
import { pause, within, type Clock } from '../clock.ts';
import { ordererErrors } from '../errors.ts';
import type { FailureJudge } from '../failure-judge.ts';
import { failureVerdict, type FailureVerdict } from '../failure-table.ts';
import { Flight } from '../flight.ts';
import { conflictOf, plannerReason, type Landing } from '../flights.ts';
import type { Proposer } from '../proposals.ts';
import type { Lease } from '../lease.ts';
import type { RecentWrites } from '../recent-writes.ts';
import type { SentEnvelopes } from '../sent-envelopes.ts';
import { validationRule } from '../validation-table.ts';
import type { WorkingTime } from '../working-time.ts';
import { callFailure, withoutMessage } from './call-failure.ts';
import { closeCodeOf, tryName, tryProposal, type CallOperation } from './call-proposals.ts';
import { resultOf, reusedResult } from './call-results.ts';
import { EndedCalls } from './ended-calls.ts';
import type { LearnedKeys } from './learned-keys.ts';
import { keysToHold, touchedKeys, wholeStates, type QueueNames } from './touched-keys.ts';

/** Options of CallFlights. */
export interface CallFlightsOptions {
  readonly proposer: Proposer;
  readonly key: CallKey;
  readonly names: QueueNames;
  readonly ledger: Ledger;
  readonly blocks: Pick<BlockStream, 'find'>;
  readonly planner: BatchPlanner;
  readonly health: ChannelHealth;
  readonly judge: FailureJudge;
  readonly sent: SentEnvelopes;
  readonly recent: RecentWrites;
  readonly lease: Pick<Lease, 'isHeld'>;
  readonly learned: LearnedKeys;
  readonly clock: Clock;
  readonly working: WorkingTime;
  readonly observer: ChannelObserver;
  readonly endorseTimeoutMs: number;
  /** An envelope not seen in a block within this time is sent again, in ms. */
  readonly unseenAfterMs: number;
  readonly backoff: BackoffLimits;
  readonly onLanded: (landing: Landing) => void;
  /** Called when an operation was returned to its queue, so planning is due. */
  readonly onReturned: () => void;
  readonly onUnstable: (seq: number) => void;
  readonly onStop: (error: unknown) => void;
}

/** A call in flight. */
interface CallFlight {
  readonly flight: Flight;
  readonly operation: CallOperation;
}

/**
 * Carries calls, each in its own Fabric transaction. The transaction id of a try is derived from the operation and the number of the
 * try, so at most one envelope of a try takes effect, whoever sends it and including a close of the call. The next try begins only
 * when the previous one is invalid in a block. An envelope that is not seen is sent again unchanged, and the result of a used id is
 * looked up on the ledger. So a restart needs no memory.
 */
export class CallFlights {
  readonly #options: CallFlightsOptions;
  readonly #ended = new EndedCalls();
  readonly #active = new Set<Flight>();
  #isStopped = false;

  constructor(options: CallFlightsOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active.size;
  }

  oldestHeight(height: number): number {
    let oldest = height;
    for (const { start } of this.#active) oldest = Math.min(oldest, start.startHeight);
    return oldest;
  }

  stopSending(): void {
    this.#isStopped = true;
  }

  launch(fusion: Fusion, operation: CallOperation, startHeight: number): void {
    const { clock, health, observer, ledger, key } = this.#options;
    const { txId } = tryName(ledger, key, operation);
    const flight = new Flight({
      txId,
      fusion,
      operations: [operation],
      startHeight,
      startedMs: clock.now(),
      isAfterPassingProbe: health.hasPassedProbe,
    });
    this.#active.add(flight);
    observer.started(flight);
    const call = { flight, operation };
    if (!this.#repeats(call)) this.#watch(this.#try(call));
  }

  /** Answers a repeat of a call that ended recently. */
  #repeats(call: CallFlight): boolean {
    const { opId, sourceHash } = call.operation;
    const ended = this.#ended.get(opId);
    if (ended === undefined) return false;
    const { result, transaction, block } = ended;
    const isSame = result.sourceHash === sourceHash;
    call.flight.to('judging');
    this.#land(call, isSame ? result : reusedResult({ opId, sourceHash }, result.txId), transaction, block);
    return true;
  }

  async #try(call: CallFlight): Promise<void> {
    const { clock, ledger, key, proposer, endorseTimeoutMs, observer } = this.#options;
    const { flight, operation } = call;
    const isClose = closeCodeOf(operation) !== undefined;
    const proposal = tryProposal(proposer, operation, tryName(ledger, key, operation));
    const late = (): Error =>
      new CodedError(ordererErrors.ENDORSEMENT_TIMEOUT, `tx ${flight.txId}: no answer in ${endorseTimeoutMs} ms`);
    let endorsement: Endorsement;
    try {
      endorsement = await within(clock, endorseTimeoutMs, ledger.endorse(proposal), late);
    } catch (error) {
      return this.#isStopped ? undefined : this.#notEndorsed(call, isClose, error);
    }
    flight.endorsed(endorsement, [], clock.now());
    observer.endorsed(flight);
    if (this.#isStopped) return;
    if (isClose || (await this.#mayBeSent(call, endorsement))) await this.#send(call, endorsement);
  }

  async #notEndorsed(call: CallFlight, isClose: boolean, error: unknown): Promise<void> {
    const failure = callFailure(error);
    if (failure.kind === 'used') return this.#lookUp(call);
    if (isClose)
      call.operation.call.refusal = undefined; // when its close fails, the refusal may have been due to unreadable state too
    else if (failure.kind === 'refused') return this.#refused(call, failure.message);
    else if (failure.kind === 'missing') return this.#giveBack(call, 'infrastructure', 'invalid', error);
    const verdict = failure.kind === 'failed' ? failure.verdict : failureVerdict(error);
    await this.#onFailure(call, verdict, error);
  }

  /** Handles a refusal of the contract. It counts once every earlier operation is terminal; then a close records it. */
  async #refused(call: CallFlight, words: string): Promise<void> {
    const { call: state } = call.operation;
    if (state.isDeclared || state.holdsAll) state.refusal = words;
    else if (!this.#holdAll(call)) return;
    await this.#try(call);
  }

  /** Holds the whole state of the chaincode; false when the call has to wait for earlier operations first. */
  #holdAll({ flight, operation }: CallFlight): boolean {
    const { key, planner } = this.#options;
    const { call, seq } = operation;
    call.holdsAll = true;
    const wholeState = { key: key.wholeStateKey(call.chaincode), mode: 'readWrite' } as const;
    call.hold([wholeState]);
    const held = planner.hold(flight.fusion, [{ seq, keys: [wholeState] }]);
    if (held.kind === 'returned') this.#widened({ flight, operation }, held);
    return held.kind === 'held';
  }

  /** Whether every touched key is held, and no read is known to be stale. */
  async #mayBeSent(call: CallFlight, { readWriteSet }: Endorsement): Promise<boolean> {
    const { planner, names, learned, observer } = this.#options;
    const { flight, operation } = call;
    const { chaincode, fn, args, isDeclared } = operation.call;
    const set = { chaincode, readWriteSet };
    if (!isDeclared) learned.observe(chaincode, fn, args, touchedKeys(set));
    const keys = keysToHold(set, names);
    const newKeys = new Set(operation.call.discover(keys).map((one): string => one.key));
    const ranged = wholeStates(set, names);
    const isRangeNew = ranged.some((state) => newKeys.has(state));
    if (ranged.some((state) => state === names.wholeState(chaincode))) operation.call.holdsAll = true;
    if (!isDeclared && operation.call.isFirstEndorsement()) observer.predicted(newKeys.size === 0);
    const held = planner.hold(flight.fusion, [{ seq: operation.seq, keys }]);
    if (held.kind === 'returned') {
      this.#widened(call, held);
      return false;
    }
    // The range may have changed before the whole state was held.
    if (isRangeNew) return this.#try(call).then(() => false);
    if (!this.#options.lease.isHeld) {
      this.#giveBack(call, 'lapsed');
      return false;
    }
    if (!this.#isStale(set, newKeys)) return true;
    this.#giveBack(call, 'stale');
    return false;
  }

  /** @param newKeys queue names of the keys that were not held during endorsement */
  #isStale(set: NamespaceSet, newKeys: ReadonlySet<string>): boolean {
    const { names, recent } = this.#options;
    return setsOf(set).some(({ chaincode, readWriteSet: { reads, writes } }) => {
      const keys = newKeys.size === 0 ? [] : [...reads, ...writes].map(({ key }): string => key);
      const discovered = new Set(keys.filter((key) => newKeys.has(names.of({ chaincode, key }))));
      return recent.stale(reads, discovered, chaincode).length > 0;
    });
  }

  async #send(call: CallFlight, endorsement: Endorsement): Promise<void> {
    const { clock, sent, observer } = this.#options;
    const { flight } = call;
    sent.expect(flight.txId, (transaction, block) => this.#seen(call, transaction, block));
    const waiting = { cancel: (): void => undefined };
    flight.sent(clock.now(), () => waiting.cancel());
    observer.sent(flight);
    this.#sendAgainLater(call, endorsement, waiting);
    await this.#submit(call, endorsement);
  }

  /** Sends the same bytes again until a block contains this id, since its absence so far proves nothing. */
  #sendAgainLater(call: CallFlight, endorsement: Endorsement, waiting: { cancel: () => void }): void {
    const { clock, health, unseenAfterMs } = this.#options;
    waiting.cancel = clock.after(unseenAfterMs, () => {
      if (call.flight.state !== 'sent' || this.#isStopped) return;
      this.#sendAgainLater(call, endorsement, waiting);
      void health.ask();
      this.#watch(this.#submit(call, endorsement));
    });
  }

  async #submit(call: CallFlight, endorsement: Endorsement): Promise<void> {
    const { ledger, health, observer } = this.#options;
    try {
      await ledger.submit(endorsement);
      observer.acknowledged(call.flight);
    } catch (error) {
      if (call.flight.state !== 'sent' || this.#isStopped) return;
      // Only this refusal of the orderer proves that the envelope was not ordered.
      if (isCodedError(error, 'ENVELOPE_TOO_LARGE')) await this.#onFailure(call, 'set', error);
      else health.infrastructureFailed();
    }
  }

  /** Handles the first transaction with the id of the try in a block. */
  #seen(call: CallFlight, transaction: CommittedTransaction, block: Block): void {
    const { observer, clock } = this.#options;
    if (!this.#active.has(call.flight)) return; // if the orderer accepted it after all, the next try of this id finds it
    observer.validated(call.flight, transaction.code, clock.now() - call.flight.sentMs);
    if (call.flight.state === 'sent') call.flight.to('judging');
    if (validationRule(transaction.code).action === 'look-up') this.#watch(this.#lookUp(call));
    else this.#decided(call, transaction, block);
  }

  /** Looks up the result of a used id: an envelope of this try is in a block, sent by an earlier process or unseen by this one. */
  async #lookUp(call: CallFlight): Promise<void> {
    const { clock, blocks, backoff, observer } = this.#options;
    if (call.flight.state !== 'judging') call.flight.to('judging');
    for (let failures = 1; !this.#isStopped; failures += 1) {
      try {
        const found = await blocks.find(call.flight.txId);
        if (found !== undefined) return this.#found(call, found);
      } catch (error) {
        if (isCodedError(error, 'BLOCK_PRUNED')) return this.#pruned(call);
        observer.stepFailed('look-up', withoutMessage(error, call.flight.txId), failures);
      }
      await pause(clock, backoffMs(failures, backoff));
    }
  }

  #found(call: CallFlight, { transaction, block }: FoundTransaction): void {
    this.#decided(call, transaction, block, 'unknown');
  }

  /** The transaction is in a pruned block, so its result is unknown; the call must not be tried again. */
  #pruned(call: CallFlight): void {
    const { opId, sourceHash } = call.operation;
    const { proposer } = this.#options;
    const { txId } = call.flight;
    const message = 'the block with its result is pruned; check the state before sending the call again';
    const ending = { status: 'dead', code: 'ANSWER_PRUNED', message, txId, undeclared: [] } as const;
    const nowhere = { channel: proposer.channel, number: 0, transactions: [] };
    this.#land(call, { opId, sourceHash, ...ending }, prunedTransaction(txId, proposer), nowhere);
  }

  /** @param lost why the operation is returned when the envelope is invalid */
  #decided(
    call: CallFlight,
    transaction: CommittedTransaction,
    block: Block,
    lost: Exclude<ReturnReason, 'widened'> = conflictOf(call.flight, this.#options.recent),
  ): void {
    const { onStop, proposer, key, judge } = this.#options;
    const { flight, operation } = call;
    const { meaning, action } = validationRule(transaction.code);
    const what = `tx ${flight.txId} in block ${block.number}: ${transaction.code}, ${meaning}`;
    if (action === 'complete') {
      judge.carried();
      return this.#land(call, resultOf(operation, transaction, proposer.chaincode, key), transaction, block);
    }
    if (action === 'stop' || action === 'look-up') {
      return onStop(new CodedError(ordererErrors.CHANNEL_STOPPED, what));
    }
    operation.call.attempt += 1;
    if (action === 'plan-again') return this.#giveBack(call, lost);
    this.#watch(this.#onFailure(call, action, new CodedError(ordererErrors.ENVELOPE_INVALID, what)));
  }

  #land(call: CallFlight, result: OperationResult, transaction: CommittedTransaction, block: Block): void {
    const { flight } = call;
    this.#active.delete(flight);
    flight.to('settled');
    if (result.code !== 'ID_REUSED') this.#ended.note({ result, transaction, block });
    this.#options.onLanded({ flight, results: [result], transaction, block, isLate: false });
  }

  async #onFailure(call: CallFlight, verdict: FailureVerdict, error: unknown): Promise<void> {
    const { flight } = call;
    const loggedError = withoutMessage(error, flight.txId);
    if (flight.state !== 'judging') flight.to('judging');
    const cause = await this.#options.judge.judge(flight, verdict, loggedError);
    if (cause !== 'stop') this.#giveBack(call, cause, plannerReason[cause], loggedError);
  }

  #widened(
    { flight }: CallFlight,
    { widened, unstable }: { readonly widened: readonly number[]; readonly unstable: readonly number[] },
  ): void {
    const { observer, onUnstable, onReturned } = this.#options;
    this.#active.delete(flight);
    flight.to('returned');
    observer.returned(flight, 'widened', { widened: widened.length });
    unstable.forEach(onUnstable);
    onReturned();
  }

  /** Returns the call to its queue; no envelope of this process is outstanding for its try. */
  #giveBack(
    { flight }: CallFlight,
    reason: Exclude<ReturnReason, 'widened'>,
    why: Parameters<BatchPlanner['giveBack']>[1] = plannerReason[reason],
    error?: unknown,
  ): void {
    const { planner, working, sent, observer, onReturned } = this.#options;
    if (this.#isStopped || !this.#active.delete(flight)) return;
    planner.giveBack(flight.fusion, why, working.now());
    sent.giveUp(flight.txId);
    flight.to('returned');
    observer.returned(flight, reason, { error: error === undefined ? undefined : withoutMessage(error, flight.txId) });
    flight.releaseData();
    onReturned();
  }

  #watch(running: Promise<void>): void {
    running.catch(this.#options.onStop);
  }
}

const prunedTransaction = (txId: string, { creator, chaincode }: Proposer): CommittedTransaction => ({
  txId,
  txNum: 0,
  code: 'VALID',
  creator,
  chaincode,
  fn: '',
  readWriteSet: { reads: [], ranges: [], writes: [] },
  payload: new Uint8Array(),
});
