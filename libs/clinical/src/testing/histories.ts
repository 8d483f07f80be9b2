import type { IntakeMessage } from '@medrex/contracts';
import fc from 'fast-check';
import type { FhirResource } from '../fhir/datatypes.ts';
import { aBenefit, aClaim, aNotice, aReconciliation, money } from './financial-resources.ts';
import { aDelivery, aDose, aMedicine, anOrder, fromStock, tablets } from './medication-resources.ts';
import { aConsent } from './other-resources.ts';
import { anAllergy, aPatient } from './resources.ts';
import { anAppointment, aSlot, leaving } from './scheduling-resources.ts';

/** One message about one resource: put under an id, or deleted. */
export interface Said {
  readonly type: string;
  readonly id: string;
  /** Absent for a delete. */
  readonly resource?: FhirResource;
}

/** The request of a message. */
export function requestOf({ type, id, resource }: Said): NonNullable<IntakeMessage['request']> {
  return { method: resource === undefined ? 'DELETE' : 'PUT', url: `${type}/${id}` };
}

const one = (prefix: string, count: number) => fc.integer({ min: 1, max: count }).map((number) => `${prefix}${number}`);
const patientRef = one('p', 3).map((id) => ({ reference: `Patient/${id}` }));
const put = (id: fc.Arbitrary<string>, resource: fc.Arbitrary<FhirResource>): fc.Arbitrary<Said> =>
  fc.tuple(id, resource).map(([name, body]) => ({ type: body.resourceType, id: name, resource: body }));

/** Mostly the first of these, so that histories come to something; the others now and then. */
const mostly = (usual: string, ...others: readonly string[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 3 }, { arbitrary: fc.constantFrom(...others), weight: 1 });

const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, { arbitrary: value, weight: 1 });

const orderSaid = put(
  one('o', 3),
  fc
    .record({
      status: mostly('active', 'on-hold', 'stopped', 'entered-in-error'),
      subject: patientRef,
      medicationCodeableConcept: fc.constantFrom('aspirin', 'sildenafil', 'nitroglycerin', 'warfarin').map(aMedicine),
    })
    .map(anOrder),
);

const allergySaid = put(
  one('a', 2),
  fc.record({ patient: patientRef, code: fc.constantFrom('aspirin', 'penicillin').map(aMedicine) }).map(anAllergy),
);

const doseSaid = put(
  one('d', 5),
  fc
    .record({
      status: mostly('completed', 'in-progress', 'stopped', 'entered-in-error'),
      subject: patientRef,
      dosage: fc.integer({ min: 0, max: 6 }).map((value) => ({ dose: tablets(value) })),
      extension: one('w', 2).map((location) => fromStock(location).extension),
      request: seldom(one('o', 3).map((order) => ({ reference: `MedicationRequest/${order}` }))),
    })
    .map(aDose),
);

const deliverySaid = put(
  one('v', 3),
  fc
    .tuple(one('w', 2), mostly('completed', 'in-progress', 'entered-in-error'), fc.integer({ min: 0, max: 12 }))
    .map(([location, status, value]) =>
      aDelivery(location, {
        status,
        suppliedItem: { quantity: tablets(value), itemCodeableConcept: aMedicine('acetaminophen') },
      }),
    ),
);

const amount = fc
  .tuple(fc.integer({ min: 0, max: 100 }), fc.constantFrom('USD', 'EUR'))
  .map(([value, currency]) => money(value, currency));
const financialStatus = mostly('active', 'cancelled', 'draft');
const claimId = one('c', 2);

const claimSaid = put(
  claimId,
  fc
    .record({ status: financialStatus, patient: patientRef, total: amount, use: mostly('claim', 'preauthorization') })
    .map(aClaim),
);

const benefitSaid = put(
  one('e', 3),
  fc
    .tuple(
      fc.option(claimId, { nil: undefined }),
      fc.record({ status: financialStatus, patient: patientRef, payment: amount.map((paid) => ({ amount: paid })) }),
    )
    .map(([claim, over]) => aBenefit(claim, over)),
);

// Each notice tells of a payment of its own, which may be listed as well.
const noticeSaid = fc.constantFrom(['n1', 'r1'] as const, ['n2', 'r2'] as const).chain(([id, payment]) =>
  put(
    fc.constant(id),
    fc
      .tuple(claimId, fc.record({ status: financialStatus, amount }))
      .map(([claim, over]) => aNotice(claim, payment, over)),
  ),
);

const reconciliationSaid = put(
  one('r', 2),
  fc
    .tuple(fc.array(fc.tuple(claimId, amount), { minLength: 1, maxLength: 3 }), fc.record({ status: financialStatus }))
    .map(([paid, over]) => aReconciliation(paid, over)),
);

const slotSaid = put(one('s', 4), fc.record({ status: mostly('free', 'busy', 'busy-tentative') }).map(aSlot));

const slotIds = fc.uniqueArray(one('s', 4), { minLength: 1, maxLength: 2 });
const appointmentSaid = put(
  one('t', 4),
  fc
    .tuple(slotIds, mostly('booked', 'arrived', 'proposed', 'cancelled'), seldom(slotIds))
    .map(([slots, status, prior]) =>
      anAppointment(slots, { status, ...(prior === undefined ? {} : leaving(...prior)) }),
    ),
);

const consentSaid = put(
  one('k', 2),
  fc
    .record({
      status: mostly('active', 'draft', 'inactive'),
      patient: patientRef,
      provision: fc.constantFrom('permit', 'deny').map((type) => ({ type })),
    })
    .map(aConsent),
);

// One patient into another: into itself is refused.
const mergeSaid: fc.Arbitrary<Said> = fc
  .shuffledSubarray(['p1', 'p2', 'p3'], { minLength: 2 })
  .map(([from = '', into = '']) => {
    const link = [{ type: 'replaced-by', other: { reference: `Patient/${into}` } }];
    return { type: 'Patient', id: from, resource: aPatient({ identifier: undefined, link }) };
  });

const puts = [
  orderSaid,
  allergySaid,
  doseSaid,
  doseSaid,
  deliverySaid,
  claimSaid,
  benefitSaid,
  noticeSaid,
  reconciliationSaid,
  slotSaid,
  appointmentSaid,
  appointmentSaid,
  consentSaid,
];
const deleteSaid: fc.Arbitrary<Said> = fc.oneof(...puts).map(({ type, id }) => ({ type, id }));

/** Anything said of few orders, doses, stocks, claims, slots and consents of three patients, so that almost everything meets something else. */
export function saidOfFew({ withMerges }: { readonly withMerges: boolean }): fc.Arbitrary<Said> {
  const rare = [{ arbitrary: deleteSaid, weight: 2 }, ...(withMerges ? [{ arbitrary: mergeSaid, weight: 1 }] : [])];
  return fc.oneof(...puts.map((arbitrary) => ({ arbitrary, weight: 1 })), ...rare);
}
