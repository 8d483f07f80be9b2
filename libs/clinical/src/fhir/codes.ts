import { createHash } from 'node:crypto';
import type { CodeableConcept, Coding } from './datatypes.ts';

// Short names of well-known code systems. The first coding of a concept that has one names the concept in keys.
const systems: Readonly<Record<string, string>> = {
  'http://loinc.org': 'loinc',
  'http://snomed.info/sct': 'sct',
  'http://www.nlm.nih.gov/research/umls/rxnorm': 'rxnorm',
  'http://hl7.org/fhir/sid/cvx': 'cvx',
  'http://hl7.org/fhir/sid/ndc': 'ndc',
  'http://hl7.org/fhir/sid/icd-10': 'icd10',
  'http://hl7.org/fhir/sid/icd-10-cm': 'icd10cm',
  'http://hl7.org/fhir/sid/icd-9-cm': 'icd9cm',
  'http://www.ama-assn.org/go/cpt': 'cpt',
  'http://unitsofmeasure.org': 'ucum',
  'http://www.whocc.no/atc': 'atc',
  'urn:iso:std:iso:11073:10101': 'mdc',
};

/** How many codes of one concept are kept; further codings are not read. */
const codesMax = 10;
/** Longer than any code of the terminologies above. A longer one may be text and is hashed. */
const codeLengthMax = 40;
const codeText = /^[A-Za-z0-9._:/+-]+$/;

/**
 * A coding as one word for keys and facts: `loinc:8867-4`. A system without a short name is replaced by the beginning
 * of its SHA-256, and so is anything that does not look like a code, so that no text gets into keys.
 */
export function codeOf({ system = '', code }: Coding): string | undefined {
  if (code === undefined) return undefined;
  const known = Object.hasOwn(systems, system) ? systems[system] : undefined;
  const plain = code.length <= codeLengthMax && codeText.test(code);
  return `${known ?? (system === '' ? '' : hashed(system))}:${plain ? code : hashed(code)}`;
}

/** All codes of a concept, those of well-known systems first, otherwise in the given order. */
export function codesOf(concept: CodeableConcept | undefined): readonly string[] {
  const coding = concept?.coding;
  if (coding === undefined) return [];
  const first = coding[0];
  if (coding.length === 1 && first !== undefined) return present(codeOf(first));
  const known = coding.filter(({ system = '' }) => Object.hasOwn(systems, system));
  const others = coding.filter(({ system = '' }) => !Object.hasOwn(systems, system));
  return [...known, ...others].slice(0, codesMax).flatMap((one) => present(codeOf(one)));
}

/** The code that names a concept in keys; undefined if it has text only. */
export function firstCode(concept: CodeableConcept | undefined): string | undefined {
  return codesOf(concept)[0];
}

/** Whether a concept has a code, whatever the system: for HL7's own small code lists (`active`, `entered-in-error`). */
export function hasCode(concept: CodeableConcept | undefined, code: string): boolean {
  return concept?.coding?.some((coding) => coding.code === code) === true;
}

/** The code of a concept if it is in a closed list, else undefined, so that no other text passes. */
export function codeAmong<Code extends string>(
  concept: CodeableConcept | undefined,
  codes: readonly Code[],
): Code | undefined {
  return codes.find((code) => hasCode(concept, code));
}

const present = (code: string | undefined): readonly string[] => (code === undefined ? [] : [code]);
const hashed = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
