import type { Entry } from '../contract/entry.ts';
import type { Registry } from '../contract/registry.ts';

/** What determines the position of an entry. */
export type Ordered = Pick<Entry, 'type' | 'action' | 'lookups'>;

/**
 * Position of an entry when those of a transaction are applied, lower first. Their order in the Bundle must not matter,
 * so an entry that depends on another one comes after it. FHIR applies deletes first. Patients follow, then types in
 * the order in which decisions depend on them (`decidedOn`). Within a type creates come before updates. Entries with
 * conditional references come last, because they may look for any of the others.
 */
export function rankOf({ type, action, lookups = [] }: Ordered, registry: Registry): number {
  if (action === 'delete') return 0;
  if (type === 'Patient') return 1;
  const lookupStages = lookups.map((lookup) => stageOf(lookup.type, registry)).filter((stage) => stage > 0);
  const stage = Math.max(stageOf(type, registry), ...lookupStages.map((one) => one + 1));
  if (lookups.length > 0) return 2 + 3 * stage + 2;
  return 2 + 3 * stage + (action === 'update' ? 1 : 0);
}

/** Length of the longest chain of `decidedOn` from this type. */
function stageOf(type: string, registry: Registry): number {
  const others = registry.module(type).decidedOn ?? [];
  return Math.max(0, ...others.map((other) => 1 + stageOf(other, registry)));
}
