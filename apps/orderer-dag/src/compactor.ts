import { createHash } from 'node:crypto';
import { CodedError } from '@medrex/coded-error';
import { encodeOperations, topics, type EventLog } from '@medrex/contracts';
import { compactionOf, decodeCounterSummary, type CounterSummary, type OperationResult } from '@medrex/execute-batch';
import { type CompactionPlan, counterBaseKey, parseCounterKey, partitionOf, planCompaction } from '@medrex/keys';
import type { Block, Ledger } from '@medrex/ledger';
import type { ChannelObserver } from './channel-observer.ts';
import type { Clock } from './clock.ts';
import { ordererErrors } from './errors.ts';
import type { Proposer } from './proposals.ts';

/** What a Compactor needs. */
export interface CompactorOptions {
  readonly proposer: Proposer;
  readonly partition: number;
  readonly log: Pick<EventLog, 'append'>;
  readonly ledger: Pick<Ledger, 'evaluate'>;
  readonly clock: Clock;
  readonly observer: Pick<ChannelObserver, 'compacting' | 'trouble'>;
  readonly nextTxId: () => string;
  /** Deltas from which a counter is compacted. */
  readonly deltasMax: number;
  /** False while the channel does no work: then nothing is put before it either. */
  readonly mayWork: () => boolean;
}

/** Time between two looks at counters, ms: with 500 deltas each, far more than wards and accounts change. */
const everyMs = 100;
/** Counters that may wait for a look; those beyond come with a later delta. */
const waitingMax = 1_000;
/** How many looks there are while a counter gets as many deltas as it may have. */
const looksPerFill = 10;

const counterPrefix = counterBaseKey('x').slice(0, counterBaseKey('x').indexOf('x'));

/**
 * Keeps counters short: finds those with many deltas and puts compactions into the log, ordinary operations of the lowest class, one at a
 * time. Nothing is counted or remembered: of the deltas that blocks show one in so many, chosen by a hash of its name, makes the ledger
 * be asked how many stand. So memory does not grow with the number of counters, and a restart or another writer changes nothing.
 * The id of a compaction follows from the deltas it names: one that is made again is answered from its record.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #oneIn: number;
  readonly #waiting = new Set<string>();
  #inHand: { readonly opId: string; readonly counter: string } | undefined;
  #cancelLook: (() => void) | undefined;
  #failures = 0;
  #isEnded = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#oneIn = Math.max(1, Math.floor(options.deltasMax / looksPerFill));
  }

  /** Looks for new deltas, whoever wrote them. */
  note(block: Block): void {
    for (const { code, readWriteSet } of block.transactions) {
      if (code !== 'VALID') continue;
      for (const { key, value } of readWriteSet.writes) {
        if (value === undefined || !key.startsWith(counterPrefix)) continue;
        const parsed = parseCounterKey(key);
        if (parsed?.kind === 'delta' && partitionOf(parsed.opId, this.#oneIn) === 0) this.#consider(parsed.counter);
      }
    }
  }

  /** A Fabric transaction settled these operations: when the compaction is among them, the next may go. */
  landed(operations: readonly { readonly opId: string }[], results: readonly OperationResult[]): void {
    const { opId, counter } = this.#inHand ?? {};
    if (opId === undefined || counter === undefined) return;
    const at = operations.findIndex((operation) => operation.opId === opId);
    if (at < 0) return;
    this.#inHand = undefined;
    if (results[at]?.status === 'applied') this.#consider(counter);
    else this.#failed(unreadable(this.#options.proposer.channel, results[at]?.code ?? 'no result'));
    this.#lookSoon();
  }

  end(): void {
    this.#isEnded = true;
    this.#cancelLook?.();
  }

  #consider(counter: string): void {
    if (this.#waiting.size >= waitingMax) return;
    this.#waiting.add(counter);
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#isEnded || this.#cancelLook !== undefined || this.#inHand !== undefined || this.#waiting.size === 0)
      return;
    this.#cancelLook = this.#options.clock.after(everyMs, () => {
      void this.#look().finally(() => {
        this.#cancelLook = undefined;
        this.#lookSoon();
      });
    });
  }

  async #look(): Promise<void> {
    const [counter] = this.#waiting;
    if (counter === undefined || !this.#options.mayWork()) return;
    this.#waiting.delete(counter);
    try {
      const { deltas, first } = await this.#read(counter);
      const plan = planCompaction(
        counter,
        first.map((key) => ({ key })),
      );
      if (deltas >= this.#options.deltasMax && plan !== undefined && !this.#isEnded) await this.#append(plan);
      this.#failures = 0;
    } catch (error) {
      this.#failed(error); // a later delta brings the counter back
    }
  }

  async #read(counter: string): Promise<CounterSummary> {
    const { ledger, proposer, nextTxId } = this.#options;
    const proposal = { ...proposer, fn: 'readCounter', args: [Buffer.from(counter)], txId: nextTxId() };
    const { status, payload } = await ledger.evaluate(proposal);
    // The answer's text may quote a key.
    if (status !== 200) throw unreadable(proposer.channel, `status ${status}`);
    return decodeCounterSummary(payload);
  }

  async #append(plan: CompactionPlan): Promise<void> {
    const { log, partition, clock, observer } = this.#options;
    const opId = createHash('sha256').update(plan.deltas.join('\n')).digest('hex').slice(0, 32);
    const acceptedAtMs = clock.now();
    const time = new Date(acceptedAtMs).toISOString();
    const operation = { ...compactionOf(plan), opId, sourceHash: opId, time };
    const routing = { sealedName: '', class: 'audit', acceptedAtMs, item: 0 } as const;
    this.#inHand = { opId, counter: plan.counter };
    try {
      const values = encodeOperations([{ routing, operation }]);
      await log.append(
        topics.operations,
        partition,
        values.map((value) => ({ value })),
      );
    } catch (error) {
      this.#inHand = undefined;
      throw error;
    }
    observer.compacting(plan.deltas.length);
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#options.observer.trouble('compaction', error, this.#failures);
  }
}

function unreadable(channel: string, why: string): CodedError {
  return new CodedError(ordererErrors.COUNTER_UNREADABLE, `channel ${channel}: a counter is not compacted: ${why}`);
}
