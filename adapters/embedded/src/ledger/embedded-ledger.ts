import { defineChaincodes, ModelLedger, modelSettings, type ModelOptions, type Scheduler } from '@medrex/ledger';
import type { Retention } from './block-files.ts';
import { DurableStore } from './durable-store.ts';
import { systemScheduler } from './system-scheduler.ts';

export interface EmbeddedLedgerOptions extends Omit<ModelOptions, 'scheduler'> {
  /** Directory with `blocks/` and `state/`; for one process at a time. */
  readonly directory: string;
  /** Real time by default. */
  readonly scheduler?: Scheduler;
  /** Memory for the newest values of keys in use; 64 MiB by default. */
  readonly cacheBytes?: number;
  /**
   * Limits of kept blocks: by default 10,000 and 1 GiB, whichever is less. Older files are deleted, and with them the
   * ids of their transactions: an envelope sent again after that is not a duplicate any more but, unless it writes
   * blindly, stale.
   */
  readonly retention?: Partial<Retention>;
  /** Size at which a new block file begins; 64 MiB by default, at most a quarter of what is kept. */
  readonly segmentBytes?: number;
}

/**
 * A durable model of a Fabric channel: blocks in synced files, state in classic-level. A block is delivered when it is
 * durable. Envelopes that the orderer acknowledged but did not put into a block are lost with the process, as they may
 * be in Fabric.
 */
export class EmbeddedLedger extends ModelLedger {
  /**
   * Opens or creates the ledger of a directory. Chaincodes with another version than on the channel are upgraded in a
   * block of their own.
   * @throws CodedError LEDGER_LOCKED (used by another process), LEDGER_CORRUPT, LEDGER_FORMAT_UNKNOWN
   */
  static async open(options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
    const retention = { blocks: 10_000, bytes: 1 << 30, ...options.retention };
    const segmentBytes = Math.min(options.segmentBytes ?? 64 << 20, retention.bytes / 4);
    const { directory, cacheBytes = 64 << 20 } = options;
    const store = await DurableStore.open({ directory, cacheBytes, retention, segmentBytes });
    const model: ModelOptions = { ...options, scheduler: options.scheduler ?? systemScheduler };
    try {
      await defineChaincodes(modelSettings(model), store);
    } catch (error) {
      await store.close();
      throw error;
    }
    return new EmbeddedLedger(model, store, 'embedded');
  }
}
