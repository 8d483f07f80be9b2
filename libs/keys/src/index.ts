export { appendOnlyKey, appendOnlyRange, parseAppendOnlyKey, type AppendOnlyRecord } from './append-only-key.ts';
export { counterBaseKey, counterDeltaKey, counterRange, parseCounterKey, type CounterKey } from './counter-key.ts';
export {
  compactedBase,
  compactionDeltasMax,
  encodeCounterDelta,
  planCompaction,
  readCounter,
  type CompactionPlan,
  type CounterEntry,
  type CounterReading,
} from './counter.ts';
export { accessModes, type AccessMode, type DeclaredKey, type StateKey } from './declared-key.ts';
export { ensureKey, ensureRange, parseEnsureKey, type Ensured } from './ensure-key.ts';
export { keysErrors } from './errors.ts';
export { murmur2, partitionOf } from './partition.ts';
export { parseShardKey, shardKey, shardOf, shardRange, type Shard } from './shard-key.ts';
export { parseSlotKey, slotKey, slotRange, type SlotOfSchedule } from './slot-key.ts';
export {
  keySpaces,
  parseStateKey,
  prefixRange,
  spaceOf,
  spacePrefix,
  stateKey,
  type KeyParts,
  type KeyRange,
  type KeySpace,
} from './state-key.ts';
export {
  authorKey,
  authorPolicyKey,
  authorPolicyRange,
  authorRange,
  isRegistryKey,
  linkedPseudonym,
  linkKey,
  operationRecordKey,
  probeKey,
} from './system-key.ts';
export {
  parseTimeSeriesKey,
  timeSeriesKey,
  timeSeriesRange,
  type TimeSeriesPoint,
  type TimeSeriesWindow,
} from './time-series-key.ts';
export { decodeTime, encodeTime, isTime } from './time-text.ts';
export type { KeyPattern, KeyTemplate } from './key-template.ts';
export { couchDbName } from './couch-db-name.ts';
export { familyNames, familyOf, keyFamilies, type FamilyName, type KeyFamilyDescription } from './key-families.ts';
export {
  lintReadWriteSets,
  lostToKey,
  type HotKeyOptions,
  type KeyUse,
  type RecordedFinding,
  type RecordedReadWriteSet,
} from './lint-read-write-sets.ts';
export { lintRules, type LintFinding, type LintRule, type LintRuleName } from './lint-rules.ts';
export { lintTemplates } from './lint-templates.ts';
