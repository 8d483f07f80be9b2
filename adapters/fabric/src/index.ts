export { fabricOptionsOf, fabricVariables, type FabricConfig } from './config.ts';
export { pinTroubles, type PinTrouble } from './endorse/lag-watch.ts';
export { fabricErrors } from './errors.ts';
export { FabricLedger, fabricPools, type FabricStatus } from './fabric-ledger.ts';
export {
  defaultFabricLimits,
  type FabricLedgerOptions,
  type FabricLimits,
  type FabricObserver,
} from './fabric-options.ts';
export { fabricPool } from './fabric-pool.ts';
export type { KeyFiles } from './profile/connection-profile.ts';
