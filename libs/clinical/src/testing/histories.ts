import type { IntakeMessage } from '@medrex/contracts';
import fc from 'fast-check';
import type { FhirResource } from '../fhir/datatypes.ts';
import { aBenefit, aClaim, aNotice, aReconciliation, money } from './financial-resources.ts';
import { aDelivery, aDose, aMedicine, anOrder, fromStock, tablets } from './medication-resources.ts';
import { aConsent } from './other-resources.ts';
import { anAllergy, aPatient } from './resources.ts';
import { anAppointment, aSlot, leaving } from './scheduling-resources.ts';

/** A message about one resource, which is put under an id or deleted. */
export interface HistoryMessage {
  readonly type: string;
  readonly id: string;
  /** Absent for a delete. */
  readonly resource?: FhirResource;
}

/** The request of a message. */
export function requestOf({ type, id, resource }: HistoryMessage): NonNullable<IntakeMessage['request']> {
  return { method: resource === undefined ? 'DELETE' : 'PUT', url: `${type}/${id}` };
}

const one = (prefix: string, count: number) => fc.integer({ min: 1, max: count }).map((number) => `${prefix}${number}`);
const patientRef = one('p', 3).map((id) => ({ reference: `Patient/${id}` }));
const put = (id: fc.Arbitrary<string>, resource: fc.Arbitrary<FhirResource>): fc.Arbitrary<HistoryMessage> =>
  fc.tuple(id, resource).map(([name, body]) => ({ type: body.resourceType, id: name, resource: body }));

/** Mostly the first value, so that histories have an effect; sometimes one of the others. */
const mostly = (usual: string, ...others: readonly string[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 3 }, { arbitrary: fc.constantFrom(...others), weight: 1 });

const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, { arbitrary: value, weight: 1 });

const orderMessage = put(
  one('o', 3),
  fc
    .record({
      status: mostly('active', 'on-hold', 'stopped', 'entered-in-error'),
      subject: patientRef,
      medicationCodeableConcept: fc.constantFrom('aspirin', 'sildenafil', 'nitroglycerin', 'warfarin').map(aMedicine),
    })
    .map(anOrder),
);

const allergyMessage = put(
  one('a', 2),
  fc.record({ patient: patientRef, code: fc.constantFrom('aspirin', 'penicillin').map(aMedicine) }).map(anAllergy),
);

const doseMessage = put(
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

const deliveryMessage = put(
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

const claimMessage = put(
  claimId,
  fc
    .record({ status: financialStatus, patient: patientRef, total: amount, use: mostly('claim', 'preauthorization') })
    .map(aClaim),
);

const benefitMessage = put(
  one('e', 3),
  fc
    .tuple(
      fc.option(claimId, { nil: undefined }),
      fc.record({ status: financialStatus, patient: patientRef, payment: amount.map((paid) => ({ amount: paid })) }),
    )
    .map(([claim, over]) => aBenefit(claim, over)),
);

// Each notice announces a different payment, which a reconciliation may list.
const noticeMessage = fc.constantFrom(['n1', 'r1'] as const, ['n2', 'r2'] as const).chain(([id, payment]) =>
  put(
    fc.constant(id),
    fc
      .tuple(claimId, fc.record({ status: financialStatus, amount }))
      .map(([claim, over]) => aNotice(claim, payment, over)),
  ),
);

const reconciliationMessage = put(
  one('r', 2),
  fc
    .tuple(fc.array(fc.tuple(claimId, amount), { minLength: 1, maxLength: 3 }), fc.record({ status: financialStatus }))
    .map(([paid, over]) => aReconciliation(paid, over)),
);

const slotMessage = put(one('s', 4), fc.record({ status: mostly('free', 'busy', 'busy-tentative') }).map(aSlot));

const slotIds = fc.uniqueArray(one('s', 4), { minLength: 1, maxLength: 2 });
const appointmentMessage = put(
  one('t', 4),
  fc
    .tuple(slotIds, mostly('booked', 'arrived', 'proposed', 'cancelled'), seldom(slotIds))
    .map(([slots, status, prior]) =>
      anAppointment(slots, { status, ...(prior === undefined ? {} : leaving(...prior)) }),
    ),
);

const consentMessage = put(
  one('k', 2),
  fc
    .record({
      status: mostly('active', 'draft', 'inactive'),
      patient: patientRef,
      provision: fc.constantFrom('permit', 'deny').map((type) => ({ type })),
    })
    .map(aConsent),
);

// Merges one patient into another one.
const mergeMessage: fc.Arbitrary<HistoryMessage> = fc
  .shuffledSubarray(['p1', 'p2', 'p3'], { minLength: 2 })
  .map(([from = '', into = '']) => {
    const link = [{ type: 'replaced-by', other: { reference: `Patient/${into}` } }];
    return { type: 'Patient', id: from, resource: aPatient({ identifier: undefined, link }) };
  });

const puts = [
  orderMessage,
  allergyMessage,
  doseMessage,
  doseMessage,
  deliveryMessage,
  claimMessage,
  benefitMessage,
  noticeMessage,
  reconciliationMessage,
  slotMessage,
  appointmentMessage,
  appointmentMessage,
  consentMessage,
];
const deleteMessage: fc.Arbitrary<HistoryMessage> = fc.oneof(...puts).map(({ type, id }) => ({ type, id }));

/**
 * A message about one of few orders, doses, stocks, claims, slots and consents of three patients, so that most messages
 * affect the same keys.
 */
export function historyMessage({ withMerges }: { readonly withMerges: boolean }): fc.Arbitrary<HistoryMessage> {
  const rare = [
    { arbitrary: deleteMessage, weight: 2 },
    ...(withMerges ? [{ arbitrary: mergeMessage, weight: 1 }] : []),
  ];
  return fc.oneof(...puts.map((arbitrary) => ({ arbitrary, weight: 1 })), ...rare);
}
