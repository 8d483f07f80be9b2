import { defaultBlockCutterLimits, type BlockCutterLimits } from '../block-cutter.ts';
import type { Chaincode } from '../chaincode.ts';
import type { ModelFaults } from './model-faults.ts';
import { noLatencies, type ModelLatencies } from './model-latencies.ts';
import type { Scheduler } from './scheduler.ts';
import { seededRandom } from './seeded-random.ts';

/** What a model of a Fabric channel is made of. Everything but the chaincodes and the time has a default. */
export interface ModelOptions {
  readonly chaincodes: readonly Chaincode[];
  readonly scheduler: Scheduler;
  /** 'ehr' by default. */
  readonly channel?: string;
  /** One pinned endorser for each; one organisation by default. */
  readonly organisations?: readonly string[];
  readonly cutter?: Partial<BlockCutterLimits>;
  /** None by default: only what the model really computes takes time. `networkLatencies` behaves like a measured network. */
  readonly latencies?: Partial<ModelLatencies>;
  readonly faults?: Partial<ModelFaults>;
  /** A simulation is ended after it (Fabric's `executetimeout`); 2,000 by default. */
  readonly executeTimeoutMs?: number;
  /** Seed of everything random: which envelopes a fault strikes. */
  readonly seed?: number;
}

/** The options with every default filled in. */
export interface ModelSettings {
  readonly chaincodes: readonly Chaincode[];
  readonly scheduler: Scheduler;
  readonly channel: string;
  readonly organisations: readonly string[];
  readonly cutter: BlockCutterLimits;
  readonly latencies: ModelLatencies;
  readonly executeTimeoutMs: number;
  readonly random: () => number;
}

export function modelSettings(options: ModelOptions): ModelSettings {
  return {
    chaincodes: options.chaincodes,
    scheduler: options.scheduler,
    channel: options.channel ?? 'ehr',
    organisations: options.organisations ?? ['Org1MSP'],
    cutter: { ...defaultBlockCutterLimits, ...options.cutter },
    latencies: { ...noLatencies, ...options.latencies },
    executeTimeoutMs: options.executeTimeoutMs ?? 2_000,
    random: seededRandom(options.seed ?? 1),
  };
}
