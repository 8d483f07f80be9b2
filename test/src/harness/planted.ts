/** Realistic identifiers that Medrex would never generate itself, so that finding one proves a leak. */
export const planted = {
  family: 'Quillfeather',
  given: 'Zebulonia',
  recordNumber: 'MRN-7731-PLNT',
  socialSecurity: '912-84-3377',
  phone: '+1-555-0188-774',
  street: '17 Larkspur Mews',
  postalCode: 'PLX 9QZ',
  mail: 'zq@feathermail.example',
  birthDate: '1931-12-07',
  freeText: 'whispered to the night nurse',
  unknownExtension: 'EXT-55-PLNT',
} as const;

type Json = unknown;
type JsonRecord = Readonly<Record<string, Json>>;

const person = {
  name: [{ family: planted.family, given: [planted.given], text: `${planted.given} ${planted.family}` }],
  telecom: [
    { system: 'phone', value: planted.phone },
    { system: 'email', value: planted.mail },
  ],
  address: [{ line: [planted.street], postalCode: planted.postalCode, text: planted.street }],
  birthDate: planted.birthDate,
};
const numbersOf = (round: number) => [
  { system: 'urn:hospital:mrn', value: `${planted.recordNumber}-${round}` },
  { system: 'http://hl7.org/fhir/sid/us-ssn', value: `${planted.socialSecurity}-${round}` },
];
const sentence = `${planted.given} ${planted.family} (${planted.recordNumber}, ${planted.phone}): ${planted.freeText}`;

/** Elements that only some types have. */
const ofType: Readonly<Record<string, JsonRecord>> = {
  Patient: { ...person, contact: [{ name: { text: planted.family }, telecom: person.telecom }] },
  Practitioner: person,
  Observation: { note: [{ text: sentence }] },
  Condition: { note: [{ text: sentence }] },
  Procedure: { note: [{ text: sentence }] },
  CarePlan: { note: [{ text: sentence }], description: sentence },
  Goal: { note: [{ text: sentence }] },
  AllergyIntolerance: { note: [{ text: sentence }] },
  MedicationRequest: { note: [{ text: sentence }] },
  MedicationAdministration: { note: [{ text: sentence }] },
  ServiceRequest: { note: [{ text: sentence }], patientInstruction: sentence },
  Immunization: { note: [{ text: sentence }] },
  Appointment: { description: sentence, comment: sentence, patientInstruction: sentence },
  Slot: { comment: sentence },
  Schedule: { comment: sentence },
  DiagnosticReport: { conclusion: sentence },
  Organization: { alias: [planted.family] },
  Location: { description: sentence },
};
/** Types whose `identifier` is not a list, or that have none. */
const withoutNumbers = new Set(['Provenance', 'AuditEvent', 'DeviceMetric']);

/**
 * A resource with identifiers in all free-text places: narrative, names, notes, unknown extensions, contained resources, display texts of
 * codes, references and quantities, business identifiers, and ids chosen by the sender.
 *
 * @param round resources of different rounds are about different people
 */
export function withPlanted(resource: JsonRecord, round = 0): JsonRecord {
  const type = String(resource['resourceType']);
  const numbers = numbersOf(round);
  const own = plantedInside(resource, round) as JsonRecord;
  const identifiers = [...((own['identifier'] ?? []) as readonly Json[]), ...(type === 'Patient' ? numbers : [])];
  return {
    ...own,
    ...ofType[type],
    ...(identifiers.length > 0 && !withoutNumbers.has(type) && { identifier: identifiers }),
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${sentence}</div>` },
    extension: [
      { url: 'urn:nobody:knows', valueString: `${planted.unknownExtension} ${sentence}` },
      { url: 'urn:nobody:knows:nested', extension: [{ url: 'who', valueIdentifier: numbers[1] }] },
    ],
    contained: [{ resourceType: 'Patient', id: 'inside', identifier: numbers, ...person }],
  };
}

/** An id chosen by the sender, containing an identifier. */
export const plantedId = (id: string, round = 0): string => `${planted.recordNumber}.${round}.${id}`;

function plantedInside(value: Json, round: number): Json {
  if (Array.isArray(value)) return value.map((item) => plantedInside(item, round));
  if (typeof value !== 'object' || value === null) return value;
  const record = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plantedInside(inner, round)]));
  return { ...record, ...wordsBeside(record, round) };
}

/** Replaces display texts beside codes, and ids and numbers in references and identifiers. */
function wordsBeside(record: JsonRecord, round: number): JsonRecord {
  const { reference, coding, system, code, value, currency } = record;
  if (typeof reference === 'string') return { reference: plantedReference(reference, round), display: sentence };
  if (Array.isArray(coding)) return { text: sentence };
  if (typeof value === 'number' && currency === undefined) return { unit: planted.freeText };
  if (typeof system === 'string' && typeof code === 'string') return { display: sentence };
  if (typeof system === 'string' && typeof value === 'string') return { value: plantedId(value, round) };
  return {};
}

function plantedReference(reference: string, round: number): string {
  return reference
    .replace(/^([A-Za-z]+)\/([A-Za-z0-9.-]+)$/, (_, type: string, id: string) => `${type}/${plantedId(id, round)}`)
    .replace(/\|(.+)$/, (_, value: string) => `|${plantedId(value, round)}`);
}
