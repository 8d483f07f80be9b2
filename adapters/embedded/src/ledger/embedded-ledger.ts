import { defineChaincodes, ModelLedger, modelSettings, type ModelOptions, type Scheduler } from '@medrex/ledger';
import type { Retention } from './block-files.ts';
import { DurableStore } from './durable-store.ts';
import { systemScheduler } from './system-scheduler.ts';

export interface EmbeddedLedgerOptions extends Omit<ModelOptions, 'scheduler'> {
  /** Holds `blocks/` and `state/`; one process at a time. */
  readonly directory: string;
  /** Real time by default. */
  readonly scheduler?: Scheduler;
  /** Memory for the newest values of keys in use; 64 MiB by default. */
  readonly cacheBytes?: number;
  /**
   * Blocks that are kept: 10,000 and 1 GiB by default, whichever is less. Older ones are dropped by the file, their transaction
   * ids with them: an envelope that comes again after that is no duplicate any more, only (unless it writes blindly) stale.
   */
  readonly retention?: Partial<Retention>;
  /** Size at which a new file of blocks begins; 64 MiB by default, at most a quarter of what is kept. */
  readonly segmentBytes?: number;
}

/**
 * The model of a Fabric channel that survives its process: blocks in synced files, state in classic-level. A block's event is
 * delivered when the block is durable; what the orderer has acknowledged and not put into a block is lost with the process, as
 * it may be in Fabric.
 */
export class EmbeddedLedger extends ModelLedger {
  /**
   * Opens or makes the ledger of a directory. Chaincodes of another version than the channel's are upgraded in a block of their own.
   *
   * @throws CodedError LEDGER_LOCKED (another process has it), LEDGER_CORRUPT, LEDGER_FORMAT_UNKNOWN.
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
