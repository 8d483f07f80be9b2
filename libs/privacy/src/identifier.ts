import type { PatientIdentifier } from '@medrex/contracts';

/** Maximum of identifiers of one patient; further ones are ignored. */
export const identifiersMax = 32;

/** Means every system that is not named in the order. */
export const anySystem = '*';

const uuidOrOid = /^urn:(uuid|oid):/i;

/**
 * Normalises an identifier for comparison. System and value are trimmed and converted to Unicode NFC. Case is
 * significant in both, as in FHIR (Identifier.system, Identifier.value), with one exception: values of
 * `urn:ietf:rfc:3986` that are UUIDs or OIDs are compared in lower case, because RFC 4122 ignores case.
 */
export function normaliseIdentifier(identifier: PatientIdentifier): PatientIdentifier {
  const system = identifier.system.trim().normalize('NFC');
  const value = identifier.value.trim().normalize('NFC');
  return system === 'urn:ietf:rfc:3986' && uuidOrOid.test(value)
    ? { system, value: value.toLowerCase() }
    : { system, value };
}

/**
 * A tenant's identifiers of one patient, the naming one first: those of the first system of the order, then of the
 * second, and so on; `'*'` includes every system not named elsewhere. Systems outside the order are left out, since an
 * identifier shared by a family or household must never identify a person. An identifier without a value is ignored.
 * @param order identifier systems, the most trusted first; `['*']` includes all in the order of the message
 * @returns normalised, without repeats, at most `identifiersMax`; empty if none can identify the patient
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
  const sorted = [...chosen.values()].sort((a, b) => a.rank - b.rank); // a stable sort keeps the message's order within a system
  return sorted.slice(0, identifiersMax).map(({ identifier }) => identifier);
}

/**
 * A text that is unique per normalised identifier; the length separates system and value. For maps in memory only,
 * never to be shown.
 */
export function identifierText({ system, value }: PatientIdentifier): string {
  return `${system.length}|${system}|${value}`;
}
