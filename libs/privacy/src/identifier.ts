import type { PatientIdentifier } from '@medrex/contracts';

/** Identifiers of one patient that are looked at; the rest of a longer list is left alone. */
export const identifiersMax = 32;

/** Stands for every system that is not named in an order. */
export const anySystem = '*';

const uuidOrOid = /^urn:(uuid|oid):/i;

/**
 * The form in which identifiers are compared. System and value are trimmed and brought to Unicode NFC. Case counts in both,
 * as FHIR says (Identifier.system, Identifier.value), with one exception: values of `urn:ietf:rfc:3986` that are UUIDs or OIDs
 * are compared in lower case, because RFC 4122 says that a UUID is the same in either.
 */
export function normaliseIdentifier(identifier: PatientIdentifier): PatientIdentifier {
  const system = identifier.system.trim().normalize('NFC');
  const value = identifier.value.trim().normalize('NFC');
  return system === 'urn:ietf:rfc:3986' && uuidOrOid.test(value)
    ? { system, value: value.toLowerCase() }
    : { system, value };
}

/**
 * A tenant's identifiers of one patient, the naming one first: those of the first system of the order, then of the second,
 * and so on; `'*'` takes every system not named elsewhere in the order. Systems that the order does not cover are left out, since an
 * identifier that a family or a household shares must never name a person. Without a value it identifies nobody.
 *
 * @param order identifier systems, the best first; `['*']` takes all as the message lists them.
 * @returns normalised, without repeats, at most `identifiersMax`; empty when nothing is left to name the patient by.
 */
export function chooseIdentifiers(
  order: readonly string[],
  identifiers: readonly PatientIdentifier[],
): readonly PatientIdentifier[] {
  const ranks = new Map(order.map((system, rank) => [system === anySystem ? anySystem : system.trim(), rank]));
  const wild = ranks.get(anySystem);
  const chosen = new Map<string, { readonly rank: number; readonly identifier: PatientIdentifier }>();
  for (const raw of identifiers) {
    const identifier = normaliseIdentifier(raw);
    const rank = ranks.get(identifier.system) ?? wild;
    if (rank === undefined || identifier.value === '') continue;
    const key = identifierText(identifier);
    if (!chosen.has(key)) chosen.set(key, { rank, identifier });
  }
  const sorted = [...chosen.values()].sort((a, b) => a.rank - b.rank); // stable: the message's order within a system
  return sorted.slice(0, identifiersMax).map(({ identifier }) => identifier);
}

/** One text per normalised identifier; the length keeps system and value apart. For maps in memory only, never to be shown. */
export function identifierText({ system, value }: PatientIdentifier): string {
  return `${system.length}|${system}|${value}`;
}
