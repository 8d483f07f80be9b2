import { describe, expect, it } from '@jest/globals';
import type { FhirResource } from '../fhir/datatypes.ts';
import { aCondition, Clinic } from '../testing/index.ts';

const concept = { coding: [{ system: 'http://snomed.info/sct', code: '1' }] };
const subject = { reference: 'Patient/p1' };
const verification = (code: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code }],
});

/** A valid resource of each type with a status rule, in a given status. */
const made: Readonly<Record<string, (status: string) => FhirResource>> = {
  Condition: (status) => aCondition({ verificationStatus: verification(status), clinicalStatus: undefined }),
  Immunization: (status) => ({
    resourceType: 'Immunization',
    status,
    vaccineCode: concept,
    patient: subject,
    occurrenceDateTime: '2026-01-05',
  }),
  Procedure: (status) => ({ resourceType: 'Procedure', status, subject, code: concept }),
  DiagnosticReport: (status) => ({ resourceType: 'DiagnosticReport', status, code: concept, subject }),
  CarePlan: (status) => ({ resourceType: 'CarePlan', status, intent: 'plan', subject }),
  Goal: (lifecycleStatus) => ({ resourceType: 'Goal', lifecycleStatus, description: concept, subject }),
};

async function goes(type: string, before: string, after: string) {
  const clinic = new Clinic();
  await clinic.put('x', made[type]!(before));
  return clinic.put('x', made[type]!(after));
}

describe('records with a status', () => {
  it.each([
    ['Condition', 'provisional', 'confirmed'],
    ['Condition', 'confirmed', 'entered-in-error'],
    ['Immunization', 'completed', 'entered-in-error'],
    ['Procedure', 'in-progress', 'completed'],
    ['DiagnosticReport', 'preliminary', 'final'],
    ['DiagnosticReport', 'final', 'amended'],
    ['CarePlan', 'on-hold', 'active'],
    ['Goal', 'proposed', 'accepted'],
  ])('%s may go from %s to %s', async (type, before, after) => {
    expect(await goes(type, before, after)).toMatchObject({ status: 'applied', undeclared: [] });
  });

  it.each([
    ['Condition', 'entered-in-error', 'confirmed'],
    ['Immunization', 'completed', 'not-done'],
    ['Procedure', 'completed', 'in-progress'],
    ['DiagnosticReport', 'final', 'preliminary'],
    ['CarePlan', 'completed', 'active'],
    ['Goal', 'cancelled', 'active'],
  ])('%s may not go from %s to %s', async (type, before, after) => {
    expect(await goes(type, before, after)).toMatchObject({ status: 'rejected', code: 'STATUS_TRANSITION' });
  });
});

describe('any other resource of R4', () => {
  it.each([
    ['ServiceRequest', { status: 'active', intent: 'order', subject }, 'cpoe', 'cli~'],
    ['Schedule', { actor: [{ reference: 'Practitioner/1' }] }, 'scheduling', 'sch~'],
    ['Invoice', { status: 'issued' }, 'financial', 'fin~'],
    [
      'Provenance',
      { target: [{ reference: 'Patient/p1' }], recorded: '2026-01-05T08:00:00Z', agent: [{ who: { display: 'x' } }] },
      'audit',
      'aud~',
    ],
    ['Basic', { code: concept }, 'clinical', 'cli~'],
    ['FamilyMemberHistory', { status: 'completed', patient: subject, relationship: concept }, 'clinical', 'cli~'],
  ])('%s becomes a record of its class and space', async (resourceType, elements, operationClass, space) => {
    const clinic = new Clinic();
    const resource = { resourceType, ...elements };
    const { classes, results } = await clinic.send(resource);
    expect(results).toMatchObject([{ status: 'applied', undeclared: [] }]);
    expect(classes).toEqual([operationClass]);
    expect(clinic.keys(`${space}res~${resourceType}~`)).toHaveLength(1);
    expect(clinic.keys(`${space}ver~${resourceType}~`)).toHaveLength(1);
  });
});
