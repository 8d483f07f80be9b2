import type { PatientRow, VaultTransaction } from './vault-store.ts';

/** Whether an erasure has destroyed the keys of a row. */
const isGone = (row: PatientRow): boolean => row.state === 'destroyed' || row.state === 'erased';

/** These patients and all that they were merged into, by pseudonym. */
export async function withSurvivors(
  rows: VaultTransaction,
  pseudonyms: Iterable<string>,
): Promise<Map<string, PatientRow>> {
  const found = new Map<string, PatientRow>();
  let missing = [...new Set(pseudonyms)];
  while (missing.length > 0) {
    const loaded = await rows.patients(missing);
    for (const row of loaded) found.set(row.pseudonym, row);
    missing = [...new Set(loaded.flatMap(({ mergedInto }) => mergedInto ?? []))].filter(
      (pseudonym) => !found.has(pseudonym),
    );
  }
  return found;
}

/**
 * The last patient in a chain of merges that still has its keys: messages apply to it. `patients` must include the
 * chain.
 */
export function survivorOf(pseudonym: string, patients: ReadonlyMap<string, PatientRow>): string {
  const next = patients.get(pseudonym)?.mergedInto;
  const survivor = next === undefined ? undefined : patients.get(next);
  return survivor === undefined || isGone(survivor) ? pseudonym : survivorOf(survivor.pseudonym, patients);
}

/** A survivor and all patients merged into it, directly or not; the survivor first. */
export async function allOfPerson(rows: VaultTransaction, survivor: PatientRow): Promise<readonly PatientRow[]> {
  const all = new Map([[survivor.pseudonym, survivor]]);
  let level: readonly PatientRow[] = [survivor];
  while (level.length > 0) {
    const below = await rows.mergedInto(level.map(({ pseudonym }) => pseudonym));
    level = below.filter(({ pseudonym }) => !all.has(pseudonym));
    for (const row of level) all.set(row.pseudonym, row);
  }
  return [...all.values()];
}
