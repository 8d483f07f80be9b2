import { createHash } from 'node:crypto';
import type { CodeableConcept, Coding } from './datatypes.ts';

// Short names of the code systems that clinical data is made of; the first known one of a concept names it in keys.
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

/** Codes that one fact may hold of a concept; more codings of one thing are not read. */
const codesMax = 10;
/** Longer than any code of the terminologies above; what is longer is hashed, since it may be a text. */
const codeLengthMax = 40;
const codeText = /^[A-Za-z0-9._:/+-]+$/;

/**
 * A coding as one word for keys and facts: `loinc:8867-4`. A system that is not well known stands by the beginning of
 * its SHA-256, as does a code that does not look like one: a code is never a place where a text gets into keys.
 */
export function codeOf({ system = '', code }: Coding): string | undefined {
  if (code === undefined) return undefined;
  const known = Object.hasOwn(systems, system) ? systems[system] : undefined;
  const plain = code.length <= codeLengthMax && codeText.test(code);
  return `${known ?? (system === '' ? '' : hashed(system))}:${plain ? code : hashed(code)}`;
}

/** All codes of a concept, those of well-known systems first, in the order given otherwise. */
export function codesOf(concept: CodeableConcept | undefined): readonly string[] {
  const coding = concept?.coding;
  if (coding === undefined) return [];
  const first = coding[0];
  if (coding.length === 1 && first !== undefined) return present(codeOf(first));
  const known = coding.filter(({ system = '' }) => Object.hasOwn(systems, system));
  const others = coding.filter(({ system = '' }) => !Object.hasOwn(systems, system));
  return [...known, ...others].slice(0, codesMax).flatMap((one) => present(codeOf(one)));
}

/** The code that names a concept in keys; undefined when it has a text only. */
export function firstCode(concept: CodeableConcept | undefined): string | undefined {
  return codesOf(concept)[0];
}

/** Whether a concept has a code, whatever the system: for HL7's own small code lists (`active`, `entered-in-error`). */
export function hasCode(concept: CodeableConcept | undefined, code: string): boolean {
  return concept?.coding?.some((coding) => coding.code === code) === true;
}

/** The code of a concept from a closed list; undefined when it has none of them, so that other text never passes. */
export function codeAmong<Code extends string>(
  concept: CodeableConcept | undefined,
  codes: readonly Code[],
): Code | undefined {
  return codes.find((code) => hasCode(concept, code));
}

const present = (code: string | undefined): readonly string[] => (code === undefined ? [] : [code]);
const hashed = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
