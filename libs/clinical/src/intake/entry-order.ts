import type { Entry } from '../contract/entry.ts';
import type { Registry } from '../contract/registry.ts';

/** What the place of an entry depends on. */
export type Ordered = Pick<Entry, 'type' | 'action' | 'lookups'>;

/**
 * Where an entry stands when the entries of a transaction are applied, lower first: their order in the Bundle must not matter, so none may miss
 * another one. Deletes are first, as FHIR has it, then patients, then what others are decided on before those. Inside that, creates stand before
 * updates, and what has conditional references stands last, since it may look for any other.
 */
export function rankOf({ type, action, lookups = [] }: Ordered, registry: Registry): number {
  if (action === 'delete') return 0;
  if (type === 'Patient') return 1;
  const behind = lookups.map((lookup) => stageOf(lookup.type, registry)).filter((stage) => stage > 0);
  const stage = Math.max(stageOf(type, registry), ...behind.map((one) => one + 1));
  if (lookups.length > 0) return 2 + 3 * stage + 2;
  return 2 + 3 * stage + (action === 'update' ? 1 : 0);
}

/** How many types, one after another, must be decided before this one. */
function stageOf(type: string, registry: Registry): number {
  const others = registry.module(type).decidedOn ?? [];
  return Math.max(0, ...others.map((other) => 1 + stageOf(other, registry)));
}
