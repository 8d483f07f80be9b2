import { expect, it } from '@jest/globals';
import { parseStateKey } from '@medrex/keys';
import fc from 'fast-check';
import type { FhirResource } from '../fhir/datatypes.ts';
import {
  aClaim,
  balanceOf,
  Clinic,
  LastResources,
  requestOf,
  historyMessage,
  type HistoryMessage,
} from '../testing/index.ts';

const patients = ['p1', 'p2', 'p3'];
/** Rejects of a repeated message that other records may have caused meanwhile. */
const laterRejects = ['ALLERGY', 'INTERACTION', 'WRONG_PATIENT', 'PATIENT_MERGED'];

/** All state that modules keep beside the records. Balances of merged patients are added up. */
function derivedState(clinic: Clinic): object {
  const entity = (key: string) => parseStateKey(key)?.entity;
  const own = [...clinic.state].filter(
    ([key]) => !['res', 'ver', 'event', 'op'].includes(entity(key) ?? '') && !key.startsWith('ctr~'),
  );
  const balances = ['USD', 'EUR'].map((currency) =>
    patients.map((patient) => balanceOf(clinic, patient, currency)).reduce((sum, one) => sum + one, 0),
  );
  return { own: own.map(([key, value]) => [key, Buffer.from(value).toString()]).toSorted(), balances };
}

it('a repeated message changes only the version of its resource', async () => {
  const history = fc.array(historyMessage({ withMerges: true }), { minLength: 5, maxLength: 35 });
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const clinic = new Clinic();
      const last = new LastResources();
      for (const patient of patients) await clinic.translate(aClaim({ patient: { reference: `Patient/${patient}` } }));
      for (const message of messages)
        last.record(message, await clinic.result(message.resource, { request: requestOf(message) }));
      for (const message of last.all()) {
        const before = derivedState(clinic);
        const { code } = await clinic.result(message.resource, { request: requestOf(message) });
        expect([message.type, code]).toEqual([message.type, laterRejects.includes(code) ? code : 'OK']);
        // The account of a merged patient's claim moves from one patient's balance to the other's.
        if (message.type === 'Claim')
          expect(derivedState(clinic)).toMatchObject({ balances: (before as { balances: number[] }).balances });
        else expect([message.type, derivedState(clinic)]).toEqual([message.type, before]);
      }
    }),
    { numRuns: 25 },
  );
});

/** The same message with a patient, stock, slot, claim and currency that depend on its id only. */
function withFixedReferences({ type, id, resource }: HistoryMessage): HistoryMessage {
  const number = Number(id.slice(1));
  const same = (prefix: string) => `${prefix}${number % 3 === 0 ? 3 : number % 3}`;
  const subject = { reference: `Patient/p${(number % 3) + 1}` };
  const places: Readonly<Record<string, (given: FhirResource) => object>> = {
    MedicationRequest: () => ({ subject }),
    AllergyIntolerance: () => ({ patient: subject }),
    MedicationAdministration: () => ({
      subject,
      request: { reference: `MedicationRequest/${same('o')}` },
      extension: [stockAt(number)],
    }),
    SupplyDelivery: () => ({ destination: { reference: `Location/w${number % 2}` } }),
    Claim: (given) => ({ patient: subject, total: inDollars(given['total']) }),
    ExplanationOfBenefit: (given) => ({
      patient: subject,
      claim: { reference: `Claim/${same('c')}` },
      payment: { amount: inDollars((given['payment'] as { amount: object }).amount) },
    }),
    PaymentNotice: ({ amount }) => ({ amount: inDollars(amount), request: { reference: `Claim/${same('c')}` } }),
    PaymentReconciliation: ({ detail }) => ({
      detail: (detail as readonly { readonly amount: object }[]).map((line) => ({
        ...line,
        request: { reference: `Claim/${same('c')}` },
        amount: inDollars(line.amount),
      })),
    }),
    Appointment: () => ({ slot: [{ reference: `Slot/s${number}` }], extension: undefined }),
    Consent: () => ({ patient: subject }),
  };
  return { type, id, ...(resource && { resource: { ...resource, ...places[type]?.(resource) } }) };
}

const inDollars = (money: unknown) => ({ ...(money as object), currency: 'USD' });
const stockAt = (number: number) => ({
  url: 'https://medrex.dev/fhir/StructureDefinition/stock-location',
  valueReference: { reference: `Location/w${number % 2}` },
});

it('a resource that keeps its patient, stock, slot and claim touches only declared keys', async () => {
  const message = historyMessage({ withMerges: false }).filter(({ resource }) => resource !== undefined);
  await fc.assert(
    fc.asyncProperty(fc.array(message.map(withFixedReferences), { minLength: 5, maxLength: 40 }), async (messages) => {
      const clinic = new Clinic();
      for (const one of messages) {
        const { undeclared } = await clinic.result(one.resource, { request: requestOf(one) });
        // Only the account of its claim tells whose balance a payment changes.
        const known = one.type.startsWith('Payment')
          ? undeclared.filter(({ key }) => !key.startsWith('ctr~balance'))
          : undeclared;
        expect([one.type, known]).toEqual([one.type, []]);
      }
    }),
    { numRuns: 40 },
  );
});
