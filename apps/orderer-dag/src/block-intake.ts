import type { BatchPlanner } from '@medrex/batch-planner';
import { blockReportCodec, reportBlock } from '@medrex/contracts';
import { isRegistryKey, type StateKey } from '@medrex/keys';
import { isLifecycleKey, setsOf, type Block, type CommittedTransaction } from '@medrex/ledger';
import type { QueueNames } from './calls/touched-keys.ts';
import type { ChannelObserver } from './channel-observer.ts';
import type { Clock } from './clock.ts';
import type { LogWriter } from './log-writer.ts';
import type { RecentWrites } from './recent-writes.ts';
import type { SentEnvelopes } from './sent-envelopes.ts';
import type { WorkingTime } from './working-time.ts';

/** Options of a BlockIntake. */
export interface BlockIntakeOptions {
  readonly planner: BatchPlanner;
  readonly sent: SentEnvelopes;
  readonly recent: RecentWrites;
  readonly reports: LogWriter;
  readonly clock: Clock;
  /** The clock of the planner. */
  readonly working: WorkingTime;
  readonly observer: ChannelObserver;
  /** Name of the Medrex chaincode. */
  readonly chaincode: string;
  /** Queue names of other chaincodes' keys; undefined when per-transaction mode is off. */
  readonly names: QueueNames | undefined;
  /** Blocks below this were committed before this process led the channel; their foreign writes are irrelevant. */
  readonly liveFrom: number;
  /** Lowest height at which an active flight started, given the height after this block. */
  readonly oldestHeight: (height: number) => number;
  /** Called when all blocks below `height` are reported. */
  readonly onReported: (height: number) => void;
}

/** Processes each block: notes foreign writes, resolves our envelopes in it, and reports it. */
export class BlockIntake {
  readonly #options: BlockIntakeOptions;

  constructor(options: BlockIntakeOptions) {
    this.#options = options;
  }

  take(block: Block): void {
    const { recent, sent, oldestHeight } = this.#options;
    recent.note(block, (txId) => !sent.isAwaited(txId));
    // Foreign writes must be noted before our own envelopes are judged.
    this.#foreignWrites(block);
    sent.onBlock(block);
    recent.forgetBelow(oldestHeight(block.number + 1));
    this.#report(block);
  }

  #foreignWrites(block: Block): void {
    const { planner, sent, working, observer, liveFrom } = this.#options;
    if (block.number < liveFrom) return;
    const keys: StateKey[] = [];
    for (const transaction of block.transactions) {
      if (transaction.code === 'VALID' && !sent.isOurs(transaction.txId)) keys.push(...this.#queuedKeys(transaction));
    }
    if (keys.length === 0) return;
    planner.foreignWrites(keys, working.now());
    observer.foreignWrites(keys.length);
  }

  /** The queue names of the keys that a transaction wrote, including those written by chaincodes that it called. */
  #queuedKeys(transaction: CommittedTransaction): readonly StateKey[] {
    const { chaincode: own, names } = this.#options;
    return setsOf(transaction).flatMap(({ chaincode, readWriteSet }) => {
      const keys = readWriteSet.writes.map(({ key }) => key).filter((key) => !isLifecycleKey(key));
      if (chaincode === own) return keys.filter((key) => !isRegistryKey(key));
      return names === undefined ? [] : keys.map((key) => names.of({ chaincode, key }));
    });
  }

  #report(block: Block): void {
    const { reports, clock, onReported } = this.#options;
    for (const report of reportBlock(block, clock.now())) {
      const durable = (): void => {
        if (report.isLast) onReported(block.number + 1);
      };
      reports.write({ value: blockReportCodec.encode(report) }, durable);
    }
  }
}
