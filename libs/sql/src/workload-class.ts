import type { StatementFeatures, StatementKind, WorkloadClass } from './statement.ts';

/** Joins from which a statement is planned rather than looked up. */
const joinsAnalytical = 4;
/** Rows in VALUES from which an INSERT is a load. */
const rowsBulk = 100;

const ofKind: Partial<Record<StatementKind, WorkloadClass>> = {
  copyIn: 'bulk',
  copyOut: 'bulk',
  cursor: 'bulk',
  schema: 'admin',
  utility: 'admin',
};

/** The class that the shape of a statement suggests; what it turns out to cost corrects it later. */
export function workloadOf(kind: StatementKind, features: StatementFeatures, readsCatalogOnly: boolean): WorkloadClass {
  const fixed = ofKind[kind];
  if (fixed !== undefined) return fixed;
  if (features.hasVector) return 'vector';
  if (kind === 'insert') return features.rowsOfValues >= rowsBulk || isAnalytical(features) ? 'bulk' : 'interactive';
  if (readsCatalogOnly) return 'interactive'; // introspection joins much and costs little
  return isAnalytical(features) || isWholeScan(kind, features) ? 'analytical' : 'interactive';
}

function isAnalytical(features: StatementFeatures): boolean {
  const { joins, hasGrouping, hasWindow, hasRecursion, hasAggregate, hasFilter } = features;
  return joins >= joinsAnalytical || hasGrouping || hasWindow || hasRecursion || (hasAggregate && !hasFilter);
}

function isWholeScan(kind: StatementKind, { hasFilter, hasLimit }: StatementFeatures): boolean {
  return kind === 'select' && !hasFilter && !hasLimit;
}
