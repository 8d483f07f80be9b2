import { privacyError } from './errors.ts';
import { survivorOf, allOfPerson, withSurvivors } from './merge-tree.ts';
import type { PatientRow, VaultTransaction } from './vault-store.ts';

/** Notes a merge, inside a `write` transaction; the port's `merged` says the rules. */
export async function recordMerge(rows: VaultTransaction, pseudonym: string, survivor: string): Promise<void> {
  const patients = await withSurvivors(rows, [pseudonym, survivor]);
  const patient = known(patients, pseudonym);
  const root = known(patients, survivorOf(known(patients, survivor).pseudonym, patients));
  if (patient.mergedInto === survivor) return;
  if (chain(survivor, patients).includes(pseudonym)) {
    throw privacyError(
      'mergeCycle',
      `patient ${pseudonym} cannot be merged into ${survivor}, which was merged into it`,
    );
  }
  await rows.putPatients([{ ...patient, mergedInto: survivor }]);
  await spreadErasure(rows, root);
}

/**
 * A merge that ended while one of the two was being erased brings the other into the erasure, or its bodies would outlive it.
 * One that was erased long before draws nobody in: a mistaken merge must not close the door to a living record.
 */
async function spreadErasure(rows: VaultTransaction, root: PatientRow): Promise<void> {
  const person = await allOfPerson(rows, root);
  if (!person.some(({ state }) => state === 'erasing' || state === 'destroyed')) return;
  await rows.putPatients(person.filter(({ state }) => state === 'active').map((row) => ({ ...row, state: 'erasing' })));
}

function chain(from: string, patients: ReadonlyMap<string, PatientRow>): readonly string[] {
  const next = patients.get(from)?.mergedInto;
  return next === undefined ? [from] : [from, ...chain(next, patients)];
}

function known(patients: ReadonlyMap<string, PatientRow>, pseudonym: string): PatientRow {
  const row = patients.get(pseudonym);
  if (!row) throw privacyError('patientUnknown', `the vault knows no patient ${pseudonym}`);
  return row;
}
