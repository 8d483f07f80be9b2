import type { FhirResource } from '../fhir/datatypes.ts';
import { stockLocationUrl } from '../resources/medication-administration.ts';

type Over = Readonly<Record<string, unknown>>;

/** RxNorm codes of medicines in the built-in knowledge. */
export const rxnorm = {
  acetaminophen: '313782',
  amoxicillin: '308182',
  aspirin: '243670',
  nitroglycerin: '705129',
  penicillin: '7984',
  sildenafil: '136411',
  warfarin: '855332',
} as const;
export type KnownMedicine = keyof typeof rxnorm;

/** A medicine by its RxNorm code. */
export function aMedicine(name: KnownMedicine) {
  return { coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: rxnorm[name] }] };
}

/** A number of tablets. */
export function tablets(value: number) {
  return { value, unit: 'tablet', system: 'http://unitsofmeasure.org', code: '{tbl}' };
}

/** An active order of acetaminophen for patient p1. */
export function anOrder(over: Over = {}): FhirResource {
  return {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: aMedicine('acetaminophen'),
    subject: { reference: 'Patient/p1' },
    authoredOn: '2026-01-05T08:00:00Z',
    ...over,
  };
}

/** A dose of one tablet of acetaminophen for patient p1, without an order and not from a stock. */
export function aDose(over: Over = {}): FhirResource {
  return {
    resourceType: 'MedicationAdministration',
    status: 'completed',
    medicationCodeableConcept: aMedicine('acetaminophen'),
    subject: { reference: 'Patient/p1' },
    effectiveDateTime: '2026-01-05T09:00:00Z',
    dosage: { dose: tablets(1) },
    ...over,
  };
}

/** Extension that names the location whose stock a dose is taken from. */
export function fromStock(location: string) {
  return { extension: [{ url: stockLocationUrl, valueReference: { reference: `Location/${location}` } }] };
}

/** Ten tablets of acetaminophen, delivered to a location. */
export function aDelivery(location: string, over: Over = {}): FhirResource {
  return {
    resourceType: 'SupplyDelivery',
    status: 'completed',
    suppliedItem: { quantity: tablets(10), itemCodeableConcept: aMedicine('acetaminophen') },
    destination: { reference: `Location/${location}` },
    ...over,
  };
}
