import {
  batchChaincode,
  closeItem,
  decodeResults,
  encodeOperation,
  operationItem,
  type OperationResult,
} from '@medrex/execute-batch';
import { assetTransfer, type CommittedState } from '@medrex/execute-batch/testing';
import { operationRecordKey, type DeclaredKey, type StateKey } from '@medrex/keys';
import {
  seededRandom,
  type Block,
  type CommittedTransaction,
  type Endorsement,
  type KeyRead,
  type ReadWriteSet,
  type Version,
} from '@medrex/ledger';
import { InMemoryLedger } from '@medrex/ledger/in-memory';
import { VirtualTime } from '@medrex/ledger/testing';
import type { BatchPlanner } from '../batch-planner.ts';
import type { Fusion, PlannedOperation, TouchedKeys } from '../planned-operation.ts';
import type { CommittedStep, ForeignStep, LedgerHistory } from './ledger-history.ts';
import { aPlanner } from './planner-builders.ts';

const endsWithinMs = 600_000;
const isSame = (a: Version | undefined, b: Version | undefined): boolean =>
  a?.blockNum === b?.blockNum && a?.txNum === b?.txNum;

/** The newest write of a key, and whether it is our own. */
interface LatestWrite {
  readonly version: Version | undefined;
  readonly isOurs: boolean;
}

interface InFlight {
  readonly places: readonly number[];
  readonly onSeen: (transaction: CommittedTransaction) => void;
}

/**
 * Runs a planner against the model of a channel, as orderer-dag does: endorse, hold, check whether a read is stale,
 * submit, wait for the block. Flights take random times. Records the committed order, every end, and every envelope
 * that lost to one of our own.
 */
export class LedgerRun {
  readonly planner: BatchPlanner;
  readonly committed: CommittedStep[] = [];
  /** Ends of each operation by index in the history; exactly one in a correct run. */
  readonly ends: OperationResult[][];
  /** Envelopes that lost to another envelope of ours, or became stale by one on a declared key. */
  readonly ownConflicts: string[] = [];
  #lost = 0;
  #widened = 0;
  readonly #history: LedgerHistory;
  readonly #time = new VirtualTime();
  readonly #random: () => number;
  readonly #latest = new Map<string, LatestWrite>();
  readonly #inFlight = new Map<string, InFlight>();
  readonly #foreign = new Map<string, ForeignStep>();
  #ledger: InMemoryLedger | undefined;
  #transactions = 0;
  #failure: Error | undefined;
  #onChange: () => void = () => undefined;

  constructor(history: LedgerHistory) {
    this.#history = history;
    this.#random = seededRandom(history.seed);
    this.ends = history.steps.map(() => []);
    const { flights, operationsMax } = history;
    this.planner = aPlanner({
      flights,
      flightsReserved: flights > 1 ? 1 : 0,
      jitter: this.#random,
      fusion: { operationsMax },
      size: { operationsMin: Math.min(4, operationsMax) },
      foreign: { windowMs: 100, backoffMinMs: 5, backoffMaxMs: 40 },
    });
  }

  /** Our envelopes that lost to a foreign write. */
  get lost(): number {
    return this.#lost;
  }

  /** Operations that were returned because of undeclared keys. */
  get widened(): number {
    return this.#widened;
  }

  /** Runs the history to its end and returns the state. @throws Error when operations are left over. */
  async run(): Promise<CommittedState> {
    const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] });
    const latencies = { hopMs: 1, endorseMs: 1, orderMs: 1, commitPerBlockMs: 1 };
    const cutter = { batchTimeoutMs: 3, maxMessageCount: 4 };
    this.#ledger = await InMemoryLedger.open({ chaincodes: [chaincode], scheduler: this.#time, latencies, cutter });
    this.#ledger.follow(1, (block) => this.#onBlock(block));
    for (const step of this.#history.foreign) this.#time.after(step.atMs, () => this.#guard(this.#writeForeign(step)));
    await this.#time.until(this.#admitAll(), endsWithinMs);
    await this.#time.until(this.#idle(), endsWithinMs);
    await this.#time.advance(1_000); // foreign writes after our last operation
    const state: CommittedState = new Map();
    for await (const { key, value } of this.#ledger.scan()) state.set(key as StateKey, value);
    await this.#ledger.close();
    if (this.#failure !== undefined) throw this.#failure;
    return state;
  }

  async #admitAll(): Promise<void> {
    for (const [place, { operation, class: urgency, afterMs }] of this.#history.steps.entries()) {
      if (afterMs > 0) await this.#pause(afterMs);
      const record: DeclaredKey = { key: operationRecordKey(operation.opId), mode: 'readWrite' };
      this.planner.admit({ seq: place, keys: [...operation.keys, record], class: urgency, bytes: 100 });
      this.#turn();
    }
  }

  async #idle(): Promise<void> {
    while (this.planner.live > 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }

  #turn(): void {
    const nowMs = this.#time.nowMs();
    for (const fusion of this.planner.plan(nowMs)) this.#guard(this.#fly(fusion));
    const wakeMs = this.planner.nextWakeMs(nowMs);
    if (wakeMs !== undefined) this.#time.after(wakeMs - nowMs, () => this.#turn());
    this.#onChange();
  }

  async #fly(fusion: Fusion): Promise<void> {
    const txId = `tx-${(this.#transactions += 1)}`;
    const args = fusion.operations.map((operation) => this.#itemOf(operation));
    await this.#pause(this.#random() * 5);
    const proposal = { channel: 'ehr', chaincode: 'medrex', fn: 'executeBatch', args, txId, creator: 'Org1MSP' };
    const endorsement = await this.#ledger!.endorse(proposal);
    await this.#pause(this.#random() * 5);
    if (!this.#mayBeSent(fusion, endorsement)) {
      this.#turn();
      return;
    }
    const places = fusion.operations.map(({ seq }) => seq);
    const seen = new Promise<CommittedTransaction>((onSeen) => this.#inFlight.set(txId, { places, onSeen }));
    await this.#ledger!.submit(endorsement);
    this.#landed(fusion, await seen);
    this.#turn();
  }

  #mayBeSent(fusion: Fusion, { response, readWriteSet, proposal }: Endorsement): boolean {
    const results = decodeResults(response.payload);
    const touched = [
      ...fusion.operations.map(({ seq }, at) => ({ seq, keys: results[at]!.undeclared })),
      ...createdByEnsure(fusion, readWriteSet),
    ];
    const hold = this.planner.hold(fusion, touched);
    if (hold.kind === 'returned') {
      this.#widened += hold.widened.length;
      for (const seq of hold.unstable) this.planner.closing(seq, 'UNSTABLE_KEYS');
      return false;
    }
    const discovered = new Set<string>(touched.flatMap(({ keys }) => keys.map(({ key }) => key)));
    const stale = readWriteSet.reads.filter((read) => this.#isStale(read));
    if (stale.length === 0) return true;
    const ours = stale.filter(({ key }) => this.#latest.get(key)?.isOurs === true && !discovered.has(key));
    if (ours.length > 0) this.ownConflicts.push(`${proposal.txId} read ${ours.map(({ key }) => key).join(' ')}`);
    this.planner.giveBack(fusion, 'invalid', this.#time.nowMs());
    return false;
  }

  #landed(fusion: Fusion, { code, payload }: CommittedTransaction): void {
    const nowMs = this.#time.nowMs();
    if (code !== 'VALID') {
      this.planner.giveBack(fusion, 'invalid', nowMs);
      return;
    }
    const results = decodeResults(payload);
    fusion.operations.forEach(({ seq }, at) => this.ends[seq]!.push(results[at]!));
    const ends = fusion.operations.map(({ seq }, at) => ({ seq, isApplied: results[at]!.status === 'applied' }));
    this.planner.complete(fusion, ends, nowMs);
  }

  #itemOf({ seq, closeReason }: PlannedOperation): Uint8Array {
    const { operation } = this.#history.steps[seq]!;
    const { opId, sourceHash, time } = operation;
    if (closeReason === undefined) return operationItem(encodeOperation(operation));
    return closeItem({ opId, sourceHash, reason: closeReason, day: time.slice(0, 10) });
  }

  #onBlock({ number, transactions }: Block): void {
    for (const transaction of transactions) {
      const ours = this.#inFlight.get(transaction.txId);
      if (transaction.code === 'VALID') this.#noteWrites(transaction, number, ours);
      else if (ours !== undefined) this.#judgeLoss(transaction);
      ours?.onSeen(transaction);
    }
  }

  #noteWrites({ txId, txNum, readWriteSet }: CommittedTransaction, blockNum: number, ours: InFlight | undefined): void {
    for (const { key, value } of readWriteSet.writes) {
      const version = value === undefined ? undefined : { blockNum, txNum };
      this.#latest.set(key, { version, isOurs: ours !== undefined });
    }
    const foreign = this.#foreign.get(txId);
    if (ours !== undefined) this.committed.push({ places: ours.places });
    if (foreign !== undefined) this.#wroteForeign(foreign);
  }

  #judgeLoss({ txId, code, readWriteSet }: CommittedTransaction): void {
    this.#lost += 1;
    const ours = readWriteSet.reads.filter(
      (read) => this.#isStale(read) && this.#latest.get(read.key)?.isOurs === true,
    );
    if (ours.length > 0) this.ownConflicts.push(`${txId} ${code} ${ours.map(({ key }) => key).join(' ')}`);
  }

  #isStale({ key, version }: KeyRead): boolean {
    const latest = this.#latest.get(key);
    return latest !== undefined && !isSame(latest.version, version);
  }

  async #writeForeign(step: ForeignStep): Promise<void> {
    const txId = `foreign-${this.#foreign.size}`;
    this.#foreign.set(txId, step);
    await this.#ledger!.foreignWrite({ key: step.key, value: step.value }, { txId });
  }

  #wroteForeign(step: ForeignStep): void {
    this.committed.push({ foreign: step });
    this.planner.foreignWrites([step.key], this.#time.nowMs());
  }

  async #pause(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => this.#time.after(delayMs, resolve));
  }

  #guard(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
      this.#onChange();
    });
  }
}

/** Keys that an ensure of the fusion created; the first operation that declares the key created it. */
function createdByEnsure({ operations }: Fusion, { writes }: ReadWriteSet): readonly TouchedKeys[] {
  const written = new Set(writes.map(({ key }) => key));
  return operations.map(({ seq, keys }) => ({
    seq,
    keys: keys.filter(({ key, mode }) => mode === 'ensure' && written.delete(key)),
  }));
}
