import { privacyError } from './errors.ts';
import { survivorOf, allOfPerson, withSurvivors } from './merge-tree.ts';
import type { Destroyed, ErasureTarget } from './patient-vault.ts';
import type { RowSealing } from './row-sealing.ts';
import type { PatientRow, VaultTransaction } from './vault-store.ts';

/** What `destroyKeys` took away, and the bytes that no file may hold from now on. */
export interface DestroyedRows extends Destroyed {
  readonly secrets: readonly Uint8Array[];
  /** Some of these rows had been destroyed before, by a call that may not have come to its end. */
  readonly isResumed: boolean;
}

/** Marks a whole person as erasing, inside a `write` transaction. */
export async function markErasing(
  rows: VaultTransaction,
  sealing: RowSealing,
  target: ErasureTarget,
): Promise<readonly string[] | undefined> {
  const pseudonym = 'pseudonym' in target ? target.pseudonym : await ownerOf(rows, sealing, target);
  if (pseudonym === undefined) return undefined;
  const patients = await withSurvivors(rows, [pseudonym]);
  const survivor = patients.get(survivorOf(pseudonym, patients));
  if (!survivor) return undefined;
  const person = (await allOfPerson(rows, survivor)).filter(({ state }) => state !== 'erased');
  if (person.length === 0) return undefined;
  await rows.putPatients(person.filter(({ state }) => state === 'active').map((row) => ({ ...row, state: 'erasing' })));
  return person.map((row) => row.pseudonym);
}

async function ownerOf(
  rows: VaultTransaction,
  sealing: RowSealing,
  target: Exclude<ErasureTarget, { pseudonym: string }>,
): Promise<string | undefined> {
  const [row] = await rows.identifiers(sealing.keys.map((key) => key.identifierDigest(target)));
  return row?.pseudonym;
}

/** Takes data keys and identifiers out of the rows, inside a `write` transaction. The store still has to be scrubbed of them. */
export async function destroyKeys(rows: VaultTransaction, pseudonyms: readonly string[]): Promise<DestroyedRows> {
  const patients = await rows.patients(pseudonyms);
  assertErasing(patients, pseudonyms);
  const identifiers = await rows.identifiersOf(pseudonyms);
  const wrappedKeys = patients.flatMap(({ wrapped }) => wrapped?.bytes ?? []);
  await rows.putPatients(
    patients.filter(({ state }) => state === 'erasing').map((row) => ({ ...withoutKey(row), state: 'destroyed' })),
  );
  await rows.dropIdentifiers(identifiers.map(({ digest }) => digest));
  return {
    dataKeys: wrappedKeys.length,
    identifiers: identifiers.length,
    secrets: [...wrappedKeys, ...identifiers.flatMap(({ digest, sealed }) => [digest, sealed])],
    isResumed: patients.some(({ state }) => state === 'destroyed'),
  };
}

/** The last step: the files were searched and hold nothing of these patients. */
export async function markErased(rows: VaultTransaction, pseudonyms: readonly string[]): Promise<void> {
  const patients = await rows.patients(pseudonyms);
  await rows.putPatients(
    patients.filter(({ state }) => state === 'destroyed').map((row) => ({ ...row, state: 'erased' })),
  );
}

function assertErasing(patients: readonly PatientRow[], pseudonyms: readonly string[]): void {
  const states = new Map(patients.map(({ pseudonym, state }) => [pseudonym, state]));
  for (const pseudonym of pseudonyms) {
    const state = states.get(pseudonym);
    if (state === undefined) throw privacyError('patientUnknown', `the vault knows no patient ${pseudonym}`);
    if (state === 'active') throw privacyError('erasureNotStarted', `patient ${pseudonym} is active, not erasing`);
  }
}

/** The tombstone: pseudonym, state, and where it was merged to. */
function withoutKey({ pseudonym, state, mergedInto }: PatientRow): PatientRow {
  return mergedInto === undefined ? { pseudonym, state } : { pseudonym, state, mergedInto };
}
