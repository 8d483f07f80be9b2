import type { StatementFeatures, StatementKind, WorkloadClass } from './statement.ts';

/** From this number of joins on, a statement is analytical. */
const joinsAnalytical = 4;
/** From this number of rows in VALUES on, an INSERT is bulk work. */
const rowsBulk = 100;

const ofKind: Partial<Record<StatementKind, WorkloadClass>> = {
  copyIn: 'bulk',
  copyOut: 'bulk',
  cursor: 'bulk',
  schema: 'admin',
  utility: 'admin',
};

/** The class that the text of a statement suggests; measured costs may correct it later. */
export function workloadOf(kind: StatementKind, features: StatementFeatures, readsCatalogOnly: boolean): WorkloadClass {
  const fixed = ofKind[kind];
  if (fixed !== undefined) return fixed;
  if (features.hasVector) return 'vector';
  if (kind === 'insert') return features.rowsOfValues >= rowsBulk || isAnalytical(features) ? 'bulk' : 'interactive';
  if (readsCatalogOnly) return 'interactive'; // catalogue queries have many joins but are cheap
  return isAnalytical(features) || isWholeScan(kind, features) ? 'analytical' : 'interactive';
}

function isAnalytical(features: StatementFeatures): boolean {
  const { joins, hasGrouping, hasWindow, hasRecursion, hasAggregate, hasFilter } = features;
  return joins >= joinsAnalytical || hasGrouping || hasWindow || hasRecursion || (hasAggregate && !hasFilter);
}

function isWholeScan(kind: StatementKind, { hasFilter, hasLimit }: StatementFeatures): boolean {
  return kind === 'select' && !hasFilter && !hasLimit;
}
