export { poolErrors } from './errors.ts';
export { LearnedClasses } from './learned-class.ts';
export type { OpenFailure } from './login-backoff.ts';
export {
  initialLadderState,
  nextLadderState,
  rungs,
  type LoadFigures,
  type Rung,
  type LadderState,
} from './overload-ladder.ts';
export type { ClassGauges, PoolCounts, PoolFigures, PoolGauges, PoolTotals } from './pool-figures.ts';
export { nameKey, type LimitKind, type PoolName, type PoolPolicy, type PoolScope } from './pool-policy.ts';
export type { PoolPort } from './pool-port.ts';
export { clampSettings, defaultPoolSettings, type BackendCap, type Clamp, type PoolSettings } from './pool-settings.ts';
export type { BackendState, PooledBackend } from './pooled-backend.ts';
export type { PooledClient } from './pooled-client.ts';
export { Pools } from './pools.ts';
export {
  connectReasons,
  disconnectReasons,
  type CheckinFate,
  type ConnectReason,
  type DisconnectReason,
  type Refusal,
  type RefusalReason,
  type WaitNotice,
} from './reasons.ts';
export { scaleSignals, ScaleWatch, type ScaleFigures, type ScaleSignal } from './scale-signals.ts';
export { clampsOf, type LimitFigures } from './shared-limits.ts';
export { slotCaps, type SlotCaps } from './slot-shares.ts';
export { workloadClasses, type WorkloadClass } from './workload-class.ts';
