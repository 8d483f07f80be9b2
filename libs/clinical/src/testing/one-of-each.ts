import type { FhirResource } from '../fhir/datatypes.ts';
import { aBenefit, aClaim, aNotice, aReconciliation, money } from './financial-resources.ts';
import { aDelivery, aDose, aMedicine, anOrder, fromStock } from './medication-resources.ts';
import { aConsent, aDeviceReport, anAuditEvent, aProvenance } from './other-resources.ts';
import { aBed, aCondition, anAllergy, anEncounter, anObservation, aPatient, aPractitioner } from './resources.ts';
import { anAppointment, aSlot, withPractitioner } from './scheduling-resources.ts';

const subject = { reference: 'Patient/p1' };
const code = { coding: [{ system: 'http://snomed.info/sct', code: '1' }] };
const identifier = (value: string) => [{ system: 'urn:hospital:numbers', value }];

/** Ids that each set of resources needs for itself, because two sets cannot have them at once. */
export interface Places {
  readonly slot: string;
  readonly start: string;
  readonly bed: string;
  /** Staff number of the practitioner; a conditional reference must match only one. */
  readonly staff: string;
}

/** A resource with its id. */
export type Sample = readonly [id: string, resource: FhirResource];

/**
 * A valid resource of every type with a module, and of some without, in an order in which all can be applied. They
 * refer to each other where possible, so that they touch every key of their templates.
 */
export function oneOfEach(places: Places): readonly Sample[] {
  return [...people(places), ...care(places), ...medicines(), ...scheduling(places), ...financial(), ...audit()];
}

function people({ staff }: Places): readonly Sample[] {
  const link = [{ type: 'replaces', other: { reference: 'Patient/p0' } }];
  return [
    ['p1', aPatient({ identifier: identifier('p1'), link })],
    ['house', aPractitioner({ identifier: identifier(staff) })],
    ['role', { resourceType: 'PractitionerRole', active: true }],
    ['w', { resourceType: 'Organization', name: 'Ward', identifier: identifier('w') }],
    ['w', { resourceType: 'Location', name: 'Ward', status: 'active' }],
    ['service', { resourceType: 'HealthcareService', active: true }],
  ];
}

function care({ bed, staff }: Places): readonly Sample[] {
  const location = [aBed('door', 'completed'), aBed(bed)];
  const vaccine = { status: 'completed', vaccineCode: code, patient: subject, occurrenceDateTime: '2026' };
  return [
    ['stay', anEncounter({ location, serviceProvider: { reference: 'Organization/w' } })],
    ['reading', anObservation({ performer: [{ reference: `Practitioner?identifier=urn:hospital:numbers|${staff}` }] })],
    ['problem', aCondition({ identifier: identifier('problem') })],
    ['vaccine', { resourceType: 'Immunization', ...vaccine }],
    ['procedure', { resourceType: 'Procedure', status: 'completed', subject, code }],
    ['report', { resourceType: 'DiagnosticReport', status: 'final', code, subject }],
    ['plan', { resourceType: 'CarePlan', status: 'active', intent: 'plan', subject }],
    ['goal', { resourceType: 'Goal', lifecycleStatus: 'active', description: code, subject }],
    ['consent', aConsent()],
    ['device', aDeviceReport('d')],
    ['request', { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject }],
    ['basic', { resourceType: 'Basic', code, subject }],
  ];
}

function medicines(): readonly Sample[] {
  const ordered = { medicationCodeableConcept: undefined, medicationReference: { reference: 'Medication/pill' } };
  return [
    ['allergy', anAllergy({ code: aMedicine('penicillin') })],
    ['pill', { resourceType: 'Medication', code: aMedicine('acetaminophen') }],
    ['order', anOrder(ordered)],
    ['delivery', aDelivery('w')],
    ['dose', aDose({ ...fromStock('w'), request: { reference: 'MedicationRequest/order' } })],
  ];
}

function scheduling({ slot, start }: Places): readonly Sample[] {
  return [
    ['schedule', { resourceType: 'Schedule', actor: [{ reference: 'Practitioner/house' }] }],
    [slot, aSlot()],
    ['visit', anAppointment([slot])],
    ['call', anAppointment([], { start, end: undefined, ...withPractitioner('house') })],
  ];
}

function financial(): readonly Sample[] {
  return [
    ['plan', { resourceType: 'Coverage', status: 'active', beneficiary: subject, payor: [{ display: 'Plan A' }] }],
    [
      'claim',
      aClaim({ identifier: identifier('claim'), patient: { reference: 'Patient?identifier=urn:hospital:numbers|p1' } }),
    ],
    ['benefit', aBenefit('claim')],
    ['notice', aNotice('claim', 'run')],
    ['run', aReconciliation([['claim', money(10)]])],
    ['invoice', { resourceType: 'Invoice', status: 'issued', subject }],
  ];
}

function audit(): readonly Sample[] {
  return [
    ['event', anAuditEvent()],
    ['origin', aProvenance()],
  ];
}
