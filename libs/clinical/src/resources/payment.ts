import type { State } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import type { ResourceModule, References } from '../contract/resource-module.ts';
import type { FhirResource, Money, Reference } from '../fhir/datatypes.ts';
import { amountOf, changeBalance, negated, type Amount } from './account-balance.ts';
import { claimAccountKey, payClaim } from './claim-account.ts';

/** One payment on one claim. */
type Payment = { readonly claim: string; readonly amount: Amount };
type PaymentFacts = { readonly status: string; readonly payments: readonly Payment[] };
type PaymentHead = { readonly payments: readonly Payment[] };

const effectOf = ({ status, payments }: PaymentFacts): readonly Payment[] => (status === 'active' ? payments : []);

/**
 * Payments on claims, by notice or by reconciliation of many at once. Whose balance falls is known to the claim's account
 * alone, so its key is found when the payment is applied.
 */
function paymentModule(
  type: string,
  read: (resource: FhirResource, references: References) => readonly Payment[],
): ResourceModule<PaymentFacts, PaymentHead> {
  return {
    type,
    class: 'financial',
    space: 'financial',
    alsoIn: ['counters'],
    templateVersion: 1,
    lines: [
      { key: 'fin~due~<claim>', mode: 'readWrite', when: 'active, for each claim', why: 'what was paid on the claim' },
      {
        key: 'ctr~balance:<patient>:<currency>~d~<change>',
        mode: 'delta',
        when: 'found by the claim',
        why: 'the balance of the patient',
      },
    ],
    facts: (resource, references) => ({
      status: typeof resource['status'] === 'string' ? resource['status'] : 'draft',
      payments: read(resource, references),
    }),
    headFacts: (facts) => ({ payments: effectOf(facts) }),
    template: ({ facts }): readonly DeclaredKey[] =>
      effectOf(facts).map(({ claim }) => ({ key: claimAccountKey(claim), mode: 'readWrite' })),
    apply: async ({ facts, changeId }, state, context) => {
      const { previous } = context;
      const before = previous === undefined || previous.isDeleted ? [] : previous.facts.payments;
      context.spend(before.length + facts.payments.length);
      await settle(type, state, before, effectOf(facts), changeId);
      return undefined;
    },
    remove: async ({ changeId }, state, { previous }) =>
      settle(type, state, previous?.facts.payments ?? [], [], changeId),
  };
}

async function settle(
  type: string,
  state: State,
  before: readonly Payment[],
  after: readonly Payment[],
  changeId: string,
): Promise<void> {
  const balances = new Map<string, { readonly patient: string; amount: Amount }>();
  const moves = [...before.map(({ claim, amount }) => ({ claim, amount: negated(amount) })), ...after];
  for (const { claim, amount } of moves) {
    const patient = await payClaim(state, claim, amount.units, type);
    if (patient === undefined) continue;
    const name = `${patient}:${amount.currency}`;
    const sum = balances.get(name)?.amount.units ?? 0;
    balances.set(name, { patient, amount: { units: sum + amount.units, currency: amount.currency } });
  }
  for (const { patient, amount } of balances.values()) changeBalance(state, patient, negated(amount), changeId);
}

function paymentOf(
  request: Reference | undefined,
  money: Money | undefined,
  references: References,
): readonly Payment[] {
  const claim = references.type(request) === 'Claim' ? references.id(request) : undefined;
  const amount = amountOf(money);
  return claim === undefined || amount === undefined ? [] : [{ claim, amount }];
}

/** A payment that somebody says was made. */
export const paymentNotice = paymentModule('PaymentNotice', (resource, references) =>
  paymentOf(resource['request'] as Reference | undefined, resource['amount'] as Money | undefined, references),
);

/** A payment run over many claims. */
export const paymentReconciliation = paymentModule('PaymentReconciliation', (resource, references) => {
  const details = (resource['detail'] ?? []) as readonly { readonly request?: Reference; readonly amount?: Money }[];
  return details.flatMap(({ request, amount }) => paymentOf(request, amount, references));
});
