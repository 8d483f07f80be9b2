import type { PatientIdentifier } from '@medrex/contracts';
import { randomBytes } from 'node:crypto';
import type { KnownPatient, PatientVault, VaultLookup } from '../patient-vault.ts';

/** One vault under test, that any number of processes may have open. */
export interface VaultUnderTest {
  /** Opens it as a process of its own would, with these tenant keys, the newest first. Closed by `dispose`. */
  open(...tenantKeys: readonly Uint8Array[]): Promise<PatientVault>;
  dispose(): Promise<void>;
}

/** Makes an empty vault. */
export type MakeVault = () => Promise<VaultUnderTest>;

export const tenantKey = (): Uint8Array => randomBytes(32);

export const mrn = (value: string): PatientIdentifier => ({ system: 'urn:example:mrn', value });
export const ssn = (value: string): PatientIdentifier => ({ system: 'urn:example:ssn', value });

/** Looks one list of identifiers up. */
export async function lookUp(vault: PatientVault, ...identifiers: readonly PatientIdentifier[]): Promise<VaultLookup> {
  const [found] = await vault.findOrCreate([identifiers]);
  if (!found) throw new Error('the vault gave no answer to a lookup');
  return found;
}

/** As `lookUp`, the patient only. */
export async function patientOf(
  vault: PatientVault,
  ...identifiers: readonly PatientIdentifier[]
): Promise<KnownPatient> {
  return (await lookUp(vault, ...identifiers)).patient;
}
