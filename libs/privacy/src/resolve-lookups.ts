import type { PatientIdentifier } from '@medrex/contracts';
import { identifierText } from './identifier.ts';
import type { IdentifierConflict } from './patient-vault.ts';

/** What is known when lookups are decided. */
export interface KnownPatients {
  /** Pseudonyms by `identifierText`, survivors in place of merged patients. */
  readonly pseudonyms: ReadonlyMap<string, string>;
  /** Patients that get no aliases any more. */
  readonly isErasing: (pseudonym: string) => boolean;
  /** A new random pseudonym. */
  readonly mint: () => string;
}

export interface ResolvedLookup {
  readonly pseudonym: string;
  readonly isNew: boolean;
  readonly conflicts: readonly IdentifierConflict[];
}

/** The decisions, and the rows to write before they may be told. */
export interface ResolvedLookups {
  readonly resolved: readonly ResolvedLookup[];
  readonly created: readonly string[];
  readonly named: readonly { readonly identifier: PatientIdentifier; readonly pseudonym: string }[];
}

/**
 * Decides a run of lookups, one after the other, so that two messages about one new person in one run give one pseudonym.
 *
 * The first identifier names the patient and nothing else does. To look at the next one when the first is unknown would join
 * two records on a mistyped or shared number; a second record for one person is found by its flag and merged by people.
 */
export function resolveLookups(
  lookups: readonly (readonly PatientIdentifier[])[],
  known: KnownPatients,
): ResolvedLookups {
  const pseudonyms = new Map(known.pseudonyms);
  const created: string[] = [];
  const named: { identifier: PatientIdentifier; pseudonym: string }[] = [];
  const name = (identifier: PatientIdentifier, pseudonym: string): void => {
    pseudonyms.set(identifierText(identifier), pseudonym);
    named.push({ identifier, pseudonym });
  };

  const resolved = lookups.map(([naming, ...others]): ResolvedLookup => {
    if (!naming) throw new RangeError('a lookup without an identifier');
    const found = pseudonyms.get(identifierText(naming));
    const pseudonym = found ?? known.mint();
    if (found === undefined) {
      created.push(pseudonym);
      name(naming, pseudonym);
    }
    const conflicts: IdentifierConflict[] = [];
    for (const identifier of others) {
      const owner = pseudonyms.get(identifierText(identifier));
      if (owner === undefined && !known.isErasing(pseudonym)) name(identifier, pseudonym);
      else if (owner !== undefined && owner !== pseudonym) conflicts.push({ identifier, pseudonym: owner });
    }
    return { pseudonym, isNew: found === undefined, conflicts };
  });
  return { resolved, created, named };
}
