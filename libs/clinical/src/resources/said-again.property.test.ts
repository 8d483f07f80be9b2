import { expect, it } from '@jest/globals';
import { parseStateKey } from '@medrex/keys';
import fc from 'fast-check';
import type { FhirResource } from '../fhir/datatypes.ts';
import { aClaim, balanceOf, Clinic, LastSaid, requestOf, saidOfFew, type Said } from '../testing/index.ts';

const patients = ['p1', 'p2', 'p3'];
/** What another record may since have made impossible. */
const sinceForbidden = ['ALLERGY', 'INTERACTION', 'WRONG_PATIENT', 'PATIENT_MERGED'];

/** Everything that modules keep beside the records themselves, with sums for what is only a sum. */
function keptBeside(clinic: Clinic): object {
  const entity = (key: string) => parseStateKey(key)?.entity;
  const own = [...clinic.state].filter(
    ([key]) => !['res', 'ver', 'event', 'op'].includes(entity(key) ?? '') && !key.startsWith('ctr~'),
  );
  const balances = ['USD', 'EUR'].map((currency) =>
    patients.map((patient) => balanceOf(clinic, patient, currency)).reduce((sum, one) => sum + one, 0),
  );
  return { own: own.map(([key, value]) => [key, Buffer.from(value).toString()]).toSorted(), balances };
}

it('a message whose resource stands so already changes nothing but its version', async () => {
  const history = fc.array(saidOfFew({ withMerges: true }), { minLength: 5, maxLength: 35 });
  await fc.assert(
    fc.asyncProperty(history, async (messages) => {
      const clinic = new Clinic();
      const last = new LastSaid();
      for (const patient of patients) await clinic.translate(aClaim({ patient: { reference: `Patient/${patient}` } }));
      for (const said of messages) last.note(said, await clinic.result(said.resource, { request: requestOf(said) }));
      for (const said of last.all()) {
        const before = keptBeside(clinic);
        const { code } = await clinic.result(said.resource, { request: requestOf(said) });
        expect([said.type, code]).toEqual([said.type, sinceForbidden.includes(code) ? code : 'OK']);
        // A claim of a merged patient takes its account along, from one patient's balance to the other's.
        if (said.type === 'Claim')
          expect(keptBeside(clinic)).toMatchObject({ balances: (before as { balances: number[] }).balances });
        else expect([said.type, keptBeside(clinic)]).toEqual([said.type, before]);
      }
    }),
    { numRuns: 25 },
  );
});

/** The same message with the patient, stock, slot, claim and currency that its id has once and for all. */
function inItsPlace({ type, id, resource }: Said): Said {
  const number = Number(id.slice(1));
  const same = (prefix: string) => `${prefix}${number % 3 === 0 ? 3 : number % 3}`;
  const who = { reference: `Patient/p${(number % 3) + 1}` };
  const places: Readonly<Record<string, (given: FhirResource) => object>> = {
    MedicationRequest: () => ({ subject: who }),
    AllergyIntolerance: () => ({ patient: who }),
    MedicationAdministration: () => ({
      subject: who,
      request: { reference: `MedicationRequest/${same('o')}` },
      extension: [stockAt(number)],
    }),
    SupplyDelivery: () => ({ destination: { reference: `Location/w${number % 2}` } }),
    Claim: (given) => ({ patient: who, total: inDollars(given['total']) }),
    ExplanationOfBenefit: (given) => ({
      patient: who,
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
    Consent: () => ({ patient: who }),
  };
  return { type, id, ...(resource && { resource: { ...resource, ...places[type]?.(resource) } }) };
}

const inDollars = (money: unknown) => ({ ...(money as object), currency: 'USD' });
const stockAt = (number: number) => ({
  url: 'https://medrex.dev/fhir/StructureDefinition/stock-location',
  valueReference: { reference: `Location/w${number % 2}` },
});

it('what keeps its patient, stock, slot and claim touches nothing that its messages did not declare', async () => {
  const said = saidOfFew({ withMerges: false }).filter(({ resource }) => resource !== undefined);
  await fc.assert(
    fc.asyncProperty(fc.array(said.map(inItsPlace), { minLength: 5, maxLength: 40 }), async (messages) => {
      const clinic = new Clinic();
      for (const one of messages) {
        const { undeclared } = await clinic.result(one.resource, { request: requestOf(one) });
        // Whose balance a payment lowers, only the account of its claim knows.
        const known = one.type.startsWith('Payment')
          ? undeclared.filter(({ key }) => !key.startsWith('ctr~balance'))
          : undeclared;
        expect([one.type, known]).toEqual([one.type, []]);
      }
    }),
    { numRuns: 40 },
  );
});
