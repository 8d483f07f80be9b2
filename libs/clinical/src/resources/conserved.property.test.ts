import { expect, it } from '@jest/globals';
import { parseStateValue, type JsonObject } from '@medrex/execute-batch';
import fc from 'fast-check';
import { knownId } from '../intake/resource-ids.ts';
import { aClaim, balanceOf, Clinic, heldAt, LastSaid, requestOf, saidOfFew, type Said } from '../testing/index.ts';
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

const history = fc.array(saidOfFew({ withMerges: true }), { minLength: 5, maxLength: 50 });
const patients = ['p1', 'p2', 'p3'];

/** Says the messages one after another; both claims stand from the beginning, so that each account is somebody's. */
async function say(messages: readonly Said[], after: (clinic: Clinic) => void): Promise<readonly [Clinic, LastSaid]> {
  const clinic = new Clinic();
  const last = new LastSaid();
  const claims = ['c1', 'c2'].map((id) => ({ type: 'Claim', id, resource: aClaim() }));
  for (const said of [...claims, ...messages]) {
    last.note(said, await clinic.result(said.resource, { request: requestOf(said) }));
    after(clinic);
  }
  for (const patient of patients) await clinic.translate(aClaim({ patient: { reference: `Patient/${patient}` } }));
  return [clinic, last];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

// What stands of a type and takes effect, as its builder makes it.
const standing = (last: LastSaid, type: string, ...statuses: readonly string[]) =>
  last.of(type, ...statuses) as unknown;
const given = (last: LastSaid) => standing(last, 'MedicationAdministration', 'completed', 'stopped') as readonly Dose[];
const delivered = (last: LastSaid) => standing(last, 'SupplyDelivery', 'completed') as readonly Delivery[];
const billed = (last: LastSaid) => standing(last, 'Claim', 'active') as readonly Bill[];
const answered = (last: LastSaid) => standing(last, 'ExplanationOfBenefit', 'active') as readonly Benefit[];
const noticed = (last: LastSaid) => standing(last, 'PaymentNotice', 'active') as readonly Notice[];
const paid = (last: LastSaid) => standing(last, 'PaymentReconciliation', 'active') as readonly Run[];
const booked = (last: LastSaid) => standing(last, 'Appointment', 'booked', 'arrived') as readonly Visit[];

it('what was delivered and not taken is held, and no stock is ever below zero', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const isHeld = (clinic: Clinic) =>
        clinic.values('cli~stock~').every(({ held }) => typeof held === 'number' && held >= 0);
      const [clinic, last] = await say(messages, (now) => expect(isHeld(now)).toBe(true));
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

it('doses of an order are those that were given on it', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const [clinic, last] = await say(messages, () => undefined);
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

/** What was paid by the records that stand, in one currency: a notice counts where no reconciliation lists its payment. */
function paidBy(last: LastSaid, currency: string): number {
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

it('balances of all patients come to what was billed less what was paid, in each currency', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const [clinic, last] = await say(messages, () => undefined);
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

it('slots are held by the appointments that stand with them, each by one', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const [clinic, last] = await say(messages, () => undefined);
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
      const [clinic, last] = await say(messages, () => undefined);
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
