export { fabricErrors } from './errors.ts';
export { FabricLedger, type FabricStatus } from './fabric-ledger.ts';
export {
  defaultFabricLimits,
  type FabricLedgerOptions,
  type FabricLimits,
  type FabricObserver,
} from './fabric-options.ts';
export { fabricPool } from './fabric-pool.ts';
export type { KeyFiles } from './profile/connection-profile.ts';
