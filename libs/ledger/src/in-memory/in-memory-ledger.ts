import { defineChaincodes } from '../model/definitions.ts';
import { ModelLedger } from '../model/model-ledger.ts';
import { modelSettings, type ModelOptions } from '../model/model-options.ts';
import { MemoryStore } from './memory-store.ts';

/** The model of a Fabric channel with everything in memory, blocks included: for tests, tools and what-if runs, not for long ones. */
export class InMemoryLedger extends ModelLedger {
  /** A new channel whose first block holds the definitions of the chaincodes. */
  static async open(options: ModelOptions): Promise<InMemoryLedger> {
    const store = new MemoryStore();
    await defineChaincodes(modelSettings(options), store);
    return new InMemoryLedger(options, store, 'in memory');
  }
}
