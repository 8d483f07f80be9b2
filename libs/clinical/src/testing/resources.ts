import type { FhirResource } from '../fhir/datatypes.ts';

// Builders of valid R4 resources. A test gives only the fields that it is about.

type Over = Readonly<Record<string, unknown>>;

const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const hl7 = (list: string, code: string) => concept(`http://terminology.hl7.org/CodeSystem/${list}`, code);

export function aPatient(over: Over = {}): FhirResource {
  return {
    resourceType: 'Patient',
    identifier: [{ system: 'urn:hospital:mrn', value: 'MRN-1' }],
    name: [{ family: 'Doe', given: ['Jane'] }],
    gender: 'female',
    birthDate: '1970-03-01',
    ...over,
  };
}

/** A heart rate of patient p1. */
export function anObservation(over: Over = {}): FhirResource {
  return {
    resourceType: 'Observation',
    status: 'final',
    category: [hl7('observation-category', 'vital-signs')],
    code: concept('http://loinc.org', '8867-4'),
    subject: { reference: 'Patient/p1' },
    effectiveDateTime: '2026-01-05T08:00:00Z',
    valueQuantity: { value: 80, unit: 'beats/minute', system: 'http://unitsofmeasure.org', code: '/min' },
    ...over,
  };
}

/** An inpatient encounter in progress, without a bed. */
export function anEncounter(over: Over = {}): FhirResource {
  return {
    resourceType: 'Encounter',
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
    subject: { reference: 'Patient/p1' },
    period: { start: '2026-01-05T08:00:00Z' },
    ...over,
  };
}

/** An entry of Encounter.location that is a bed. */
export function aBed(id: string, status: 'active' | 'completed' | 'reserved' = 'active') {
  return { location: { reference: `Location/${id}` }, status, physicalType: hl7('location-physical-type', 'bd') };
}

export function aCondition(over: Over = {}): FhirResource {
  return {
    resourceType: 'Condition',
    clinicalStatus: hl7('condition-clinical', 'active'),
    verificationStatus: hl7('condition-ver-status', 'confirmed'),
    code: concept('http://snomed.info/sct', '44054006'),
    subject: { reference: 'Patient/p1' },
    ...over,
  };
}

/** An active allergy to penicillin V of patient p1. */
export function anAllergy(over: Over = {}): FhirResource {
  return {
    resourceType: 'AllergyIntolerance',
    clinicalStatus: hl7('allergyintolerance-clinical', 'active'),
    verificationStatus: hl7('allergyintolerance-verification', 'confirmed'),
    code: concept('http://www.nlm.nih.gov/research/umls/rxnorm', '7984'),
    patient: { reference: 'Patient/p1' },
    ...over,
  };
}

export function aPractitioner(over: Over = {}): FhirResource {
  return {
    resourceType: 'Practitioner',
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '9999999999' }],
    name: [{ family: 'House' }],
    ...over,
  };
}

/** A Bundle of these entries. */
export function aBundle(type: string, entry: readonly object[]): FhirResource {
  return { resourceType: 'Bundle', type, entry };
}

/** An entry that creates its resource. */
export function aPost(resource: FhirResource, over: Over = {}) {
  return { resource, request: { method: 'POST', url: resource.resourceType }, ...over };
}

/** An entry that puts its resource under an id. */
export function aPut(id: string, resource: FhirResource, over: Over = {}) {
  const url = `${resource.resourceType}/${id}`;
  return { resource: { ...resource, id }, request: { method: 'PUT', url, ...over } };
}

/** A `urn:uuid:` made from a number, for full URLs. */
export function urn(number: number): string {
  return `urn:uuid:00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}
