import { expect, it } from '@jest/globals';
import { parseStateValue, type JsonObject } from '@medrex/execute-batch';
import fc from 'fast-check';
import { knownId } from '../intake/resource-ids.ts';
import {
  aClaim,
  balanceOf,
  Clinic,
  heldAt,
  LastResources,
  requestOf,
  historyMessage,
  type HistoryMessage,
} from '../testing/index.ts';
import { givenKey } from './given-order.ts';

interface Named {
  readonly reference: string;
}
interface Money {
  readonly value: number;
  readonly currency: string;
}
interface Dose {
  readonly dosage: { readonly dose: { readonly value: number } };
  readonly extension: readonly { readonly valueReference: Named }[];
  readonly request?: Named;
}
interface Delivery {
  readonly suppliedItem: { readonly quantity: { readonly value: number } };
  readonly destination: Named;
}
interface Bill {
  readonly use: string;
  readonly total: Money;
}
interface Benefit {
  readonly payment: { readonly amount: Money };
}
interface Notice {
  readonly payment: Named;
  readonly request: Named;
  readonly amount: Money;
}
interface Run {
  readonly id: string;
  readonly detail: readonly { readonly request: Named; readonly amount: Money }[];
}
interface Visit {
  readonly id: string;
  readonly slot: readonly Named[];
}

const history = fc.array(historyMessage({ withMerges: true }), { minLength: 5, maxLength: 50 });
const patients = ['p1', 'p2', 'p3'];

/** Sends the messages one after another. Both claims exist from the beginning, so that each account has a patient. */
async function runHistory(
  messages: readonly HistoryMessage[],
  after: (clinic: Clinic) => void,
): Promise<readonly [Clinic, LastResources]> {
  const clinic = new Clinic();
  const last = new LastResources();
  const claims = ['c1', 'c2'].map((id) => ({ type: 'Claim', id, resource: aClaim() }));
  for (const message of [...claims, ...messages]) {
    last.record(message, await clinic.result(message.resource, { request: requestOf(message) }));
    after(clinic);
  }
  for (const patient of patients) await clinic.translate(aClaim({ patient: { reference: `Patient/${patient}` } }));
  return [clinic, last];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

// The current resources of a type that take effect, in the form that their builder makes.
const current = (last: LastResources, type: string, ...statuses: readonly string[]) =>
  last.of(type, ...statuses) as unknown;
const given = (last: LastResources) =>
  current(last, 'MedicationAdministration', 'completed', 'stopped') as readonly Dose[];
const delivered = (last: LastResources) => current(last, 'SupplyDelivery', 'completed') as readonly Delivery[];
const billed = (last: LastResources) => current(last, 'Claim', 'active') as readonly Bill[];
const answered = (last: LastResources) => current(last, 'ExplanationOfBenefit', 'active') as readonly Benefit[];
const noticed = (last: LastResources) => current(last, 'PaymentNotice', 'active') as readonly Notice[];
const paid = (last: LastResources) => current(last, 'PaymentReconciliation', 'active') as readonly Run[];
const booked = (last: LastResources) => current(last, 'Appointment', 'booked', 'arrived') as readonly Visit[];

it('a stock holds what was delivered less what was taken, and is never below zero', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const isHeld = (clinic: Clinic) =>
        clinic.values('cli~stock~').every(({ held }) => typeof held === 'number' && held >= 0);
      const [clinic, last] = await runHistory(messages, (now) => expect(isHeld(now)).toBe(true));
      for (const location of ['w1', 'w2']) {
        const at = `Location/${location}`;
        const brought = delivered(last).filter(({ destination }) => destination.reference === at);
        const taken = given(last).filter(({ extension }) => extension[0]?.valueReference.reference === at);
        const left =
          sum(brought.map(({ suppliedItem }) => suppliedItem.quantity.value)) -
          sum(taken.map(({ dosage }) => dosage.dose.value));
        expect([location, heldAt(clinic, location)]).toEqual([location, left]);
      }
    }),
    { numRuns: 30 },
  );
});

it('the dose count of an order is the number of doses given on it', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const [clinic, last] = await runHistory(messages, () => undefined);
      for (const order of ['o1', 'o2', 'o3']) {
        const key = givenKey(knownId(clinic.context, 'MedicationRequest', order));
        const counted = parseStateValue(clinic.state.get(key))?.['doses'] ?? 0;
        const doses = given(last).filter(({ request }) => request?.reference === `MedicationRequest/${order}`);
        expect([order, counted]).toEqual([order, doses.length]);
      }
    }),
    { numRuns: 30 },
  );
});

/** What the current records pay in one currency. A notice counts if no reconciliation lists its payment. */
function paidBy(last: LastResources, currency: string): number {
  const lists = ({ id, detail }: Run, { payment, request, amount }: Notice) =>
    payment.reference === `PaymentReconciliation/${id}` &&
    detail.some((line) => line.request.reference === request.reference && line.amount.currency === amount.currency);
  const amounts = [
    ...answered(last).map(({ payment }) => payment.amount),
    ...paid(last).flatMap(({ detail }) => detail.map(({ amount }) => amount)),
    ...noticed(last).flatMap((notice) => (paid(last).some((run) => lists(run, notice)) ? [] : [notice.amount])),
  ];
  return sum(amounts.filter((one) => one.currency === currency).map(({ value }) => value));
}

it('the balances of all patients are what was billed less what was paid, in each currency', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const [clinic, last] = await runHistory(messages, () => undefined);
      for (const currency of ['USD', 'EUR']) {
        const bills = billed(last).filter(({ use, total }) => use === 'claim' && total.currency === currency);
        const owed = sum(bills.map(({ total }) => total.value)) - paidBy(last, currency);
        const balances = patients.map((patient) => balanceOf(clinic, patient, currency));
        expect([currency, sum(balances)]).toEqual([currency, owed]);
      }
    }),
    { numRuns: 30 },
  );
});

it('each slot is held by one active appointment that names it', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const [clinic, last] = await runHistory(messages, () => undefined);
      const holders = clinic.values('sch~booking~').map(({ appointment }) => appointment);
      const visits = booked(last).flatMap(({ id, slot }) => slot.map(() => knownId(clinic.context, 'Appointment', id)));
      expect(holders.toSorted()).toEqual(visits.toSorted());
    }),
    { numRuns: 30 },
  );
});

it('lists hold the orders, allergies and consents that are active, each once, and no merged patient’s', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const [clinic, last] = await runHistory(messages, () => undefined);
      const listed = (list: string) =>
        clinic.values(`cli~${list}~`).flatMap(({ lines }) => lines as readonly JsonObject[]);
      const kinds = [
        ['orders', 'MedicationRequest', last.of('MedicationRequest', 'active')],
        ['allergies', 'AllergyIntolerance', last.all().filter(({ type }) => type === 'AllergyIntolerance')],
        ['consents', 'Consent', last.of('Consent', 'active')],
      ] as const;
      for (const [list, type, active] of kinds) {
        const ids = active.map(({ id }) => knownId(clinic.context, type, id));
        expect([
          list,
          listed(list)
            .map(({ id }) => id)
            .toSorted(),
        ]).toEqual([list, ids.toSorted()]);
      }
      const merged = clinic.keys('sys~link~').map((key) => key.slice('sys~link~'.length));
      expect(merged.flatMap((patient) => clinic.keys(`cli~orders~${patient}`))).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
