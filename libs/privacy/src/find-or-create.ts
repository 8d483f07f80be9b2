import type { PatientIdentifier } from '@medrex/contracts';
import { identifierText, normaliseIdentifier } from './identifier.ts';
import { survivorOf, withSurvivors } from './merge-tree.ts';
import type { VaultLookup } from './patient-vault.ts';
import { resolveLookups, type ResolvedLookups } from './resolve-lookups.ts';
import type { RowSealing } from './row-sealing.ts';
import type { PatientRow, VaultTransaction } from './vault-store.ts';

type Lookups = readonly (readonly PatientIdentifier[])[];

/** The plan of one run of lookups, before anything is written. */
interface Found {
  readonly patients: ReadonlyMap<string, PatientRow>;
  readonly answer: ResolvedLookups;
}

/** The answers if all patients and aliases are known, as in most runs, which need no write; else `undefined`. */
export async function findOnly(
  rows: VaultTransaction,
  sealing: RowSealing,
  lookups: Lookups,
): Promise<readonly VaultLookup[] | undefined> {
  const { patients, answer } = await find(rows, sealing, lookups, () => 'new');
  return answer.named.length === 0 ? answers(answer, patients, sealing) : undefined;
}

/** Finds or creates patients, within a `write` transaction. */
export async function findOrMake(
  rows: VaultTransaction,
  sealing: RowSealing,
  lookups: Lookups,
  mint: () => string,
): Promise<readonly VaultLookup[]> {
  const { patients, answer } = await find(rows, sealing, lookups, mint);
  const created = answer.created.map((pseudonym) => sealing.newPatient(pseudonym));
  await rows.putPatients(created);
  await rows.putIdentifiers(answer.named.map(({ identifier, pseudonym }) => sealing.identifier(identifier, pseudonym)));
  return answers(answer, new Map([...patients, ...created.map((row) => [row.pseudonym, row] as const)]), sealing);
}

async function find(rows: VaultTransaction, sealing: RowSealing, lookups: Lookups, mint: () => string): Promise<Found> {
  const normalised = lookups.map((identifiers) => identifiers.map(normaliseIdentifier));
  const owners = await ownersOf(rows, sealing, normalised.flat());
  const patients = await withSurvivors(rows, owners.values());
  const pseudonyms = new Map([...owners].map(([text, pseudonym]) => [text, survivorOf(pseudonym, patients)]));
  const isErasing = (pseudonym: string): boolean => patients.get(pseudonym)?.state === 'erasing';
  return { patients, answer: resolveLookups(normalised, { pseudonyms, isErasing, mint }) };
}

/**
 * The pseudonym of each known identifier, by `identifierText`. During a rotation a row may be stored under any of
 * several keys, so each is tried.
 */
async function ownersOf(
  rows: VaultTransaction,
  sealing: RowSealing,
  identifiers: readonly PatientIdentifier[],
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const digests: Uint8Array[] = [];
  for (const [text, identifier] of new Map(identifiers.map((one) => [identifierText(one), one]))) {
    for (const key of sealing.keys) {
      const digest = key.identifierDigest(identifier);
      texts.set(digest.toString('latin1'), text);
      digests.push(digest);
    }
  }
  const owners = new Map<string, string>();
  for (const row of await rows.identifiers(digests)) {
    const text = texts.get(Buffer.from(row.digest).toString('latin1'));
    if (text !== undefined) owners.set(text, row.pseudonym);
  }
  return owners;
}

function answers(
  { resolved }: ResolvedLookups,
  patients: ReadonlyMap<string, PatientRow>,
  sealing: RowSealing,
): readonly VaultLookup[] {
  const opened = new Map(
    [...new Set(resolved.map(({ pseudonym }) => pseudonym))].map((one) => [one, sealing.openKnown(patients.get(one))]),
  );
  return resolved.map(({ pseudonym, isNew, conflicts }) => ({
    patient: opened.get(pseudonym) ?? sealing.openKnown(undefined),
    isNew,
    conflicts,
  }));
}
