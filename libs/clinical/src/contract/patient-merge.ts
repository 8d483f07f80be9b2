import type { State } from '@medrex/execute-batch';
import { linkKey, type DeclaredKey } from '@medrex/keys';
import { reject } from './rejects.ts';
import { spacesOf, type Registry } from './registry.ts';
import { SpacedState } from './spaced-state.ts';
import { readJson, writeJson } from './state-json.ts';

/** A merge of two patients: messages about `from` apply to `into` from now on. Both are pseudonyms. */
export type Merge = { readonly from: string; readonly into: string };

/** Keys of a merge: both links, and what modules keep for each of the two patients. */
export function mergeKeys(registry: Registry, { from, into }: Merge): readonly DeclaredKey[] {
  const links: readonly DeclaredKey[] = [
    { key: linkKey(from), mode: 'readWrite' },
    { key: linkKey(into), mode: 'readWrite' },
  ];
  return [...links, ...registry.modules.flatMap((module) => module.merge?.template(from, into) ?? [])];
}

/** Whether the merge was carried out before, directly or through a chain of others. */
export async function isMerged(state: State, { from, into }: Merge): Promise<boolean> {
  return from === into || (await readJson(state, linkKey(from)))?.['into'] === into;
}

/**
 * Links `from` to its survivor and moves over what modules keep per patient.
 * @throws Reject PATIENT_MERGED if one of the two was merged into a third patient before
 */
export async function applyMerge(
  registry: Registry,
  { from, into }: Merge,
  state: State,
  context: { readonly time: string; spend(units: number): void },
): Promise<void> {
  const links = [await readJson(state, linkKey(from)), await readJson(state, linkKey(into))];
  if (links.some((link) => link !== undefined)) {
    throw reject(
      'PATIENT_MERGED',
      'one of the two patients was merged into a third one before; name the surviving patient',
      {
        expression: 'Patient.link',
      },
    );
  }
  writeJson(state, linkKey(from), { into, time: context.time });
  for (const module of registry.modules) {
    await module.merge?.apply(from, into, new SpacedState(state, spacesOf(module), module.type), context);
  }
}
