import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clinicalRegistry } from '../clinical.ts';
import { rankOf, type Ordered } from './entry-order.ts';

const looking = (...types: readonly string[]) => types.map((type) => ({ type, digest: 'd', expression: 'x' }));
const types = ['Patient', 'Medication', 'AllergyIntolerance', 'MedicationRequest', 'MedicationAdministration', 'Basic'];
const anyEntry: fc.Arbitrary<Ordered> = fc.record({
  type: fc.constantFrom(...types),
  action: fc.constantFrom('create', 'update', 'delete'),
  lookups: fc.constantFrom([], looking('Practitioner'), looking('MedicationRequest')),
});
const rank = (one: Ordered) => rankOf(one, clinicalRegistry);

describe('the order in which the entries of a transaction apply', () => {
  it.each<readonly [string, Ordered, Ordered]>([
    ['a delete before a patient', { type: 'Goal', action: 'delete' }, { type: 'Patient', action: 'update' }],
    ['a patient before a create', { type: 'Patient', action: 'update' }, { type: 'Goal', action: 'create' }],
    ['a create before an update', { type: 'Goal', action: 'create' }, { type: 'Goal', action: 'update' }],
    [
      'an update before what looks for others',
      { type: 'Practitioner', action: 'update' },
      { type: 'Goal', action: 'create', lookups: looking('Practitioner') },
    ],
    [
      'an allergy that looks for its recorder before an order',
      { type: 'AllergyIntolerance', action: 'update', lookups: looking('Practitioner') },
      { type: 'MedicationRequest', action: 'create' },
    ],
    [
      'an order before its dose',
      { type: 'MedicationRequest', action: 'update' },
      { type: 'MedicationAdministration', action: 'create' },
    ],
    [
      'an order before what looks for orders',
      { type: 'MedicationRequest', action: 'update', lookups: looking('Practitioner') },
      { type: 'MedicationDispense', action: 'create', lookups: looking('MedicationRequest') },
    ],
    [
      'a claim before what answers it',
      { type: 'Claim', action: 'update' },
      { type: 'ExplanationOfBenefit', action: 'create' },
    ],
    ['a slot before its appointment', { type: 'Slot', action: 'update' }, { type: 'Appointment', action: 'create' }],
  ])('puts %s', (_what, first, second) => {
    expect(rank(first)).toBeLessThan(rank(second));
  });

  it('puts no change before one that it depends on, unless that one has references to a later type', () => {
    fc.assert(
      fc.property(anyEntry, anyEntry, (one, other) => {
        const isOn = clinicalRegistry.module(other.type).decidedOn?.includes(one.type) === true;
        if (!isOn || other.action === 'delete' || one.lookups?.some(({ type }) => type === 'MedicationRequest')) return;
        expect(rank(one)).toBeLessThan(rank(other));
      }),
    );
  });
});
