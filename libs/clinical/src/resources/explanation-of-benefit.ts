import type { State } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import type { ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource, Money, Reference } from '../fhir/datatypes.ts';
import { amountIssues, amountOf, BalanceChange, balanceKeys, type Amount } from './account-balance.ts';
import { claimAccountKey } from './claim-account.ts';
import { settleClaims, type StatedPayment } from './claim-payment.ts';
import { financialRule } from './financial-status.ts';
import { checkStatus } from './status-rule.ts';

type BenefitFacts = {
  readonly status: string;
  readonly use?: string;
  readonly outcome?: string;
  readonly claim?: string;
  readonly paid?: Amount;
};

type ExplanationOfBenefit = FhirResource & {
  readonly status?: string;
  readonly use?: string;
  readonly outcome?: string;
  readonly claim?: Reference;
  readonly payment?: { readonly amount?: Money };
};

/** An explanation of benefit with its patient. */
interface Benefit {
  readonly patient: string | undefined;
  readonly facts: BenefitFacts;
}

const expression = 'ExplanationOfBenefit.claim';

/** Whether it pays: one that is cancelled, or answers only a question what would be paid, does not. */
const isInForce = ({ status, use }: BenefitFacts) => status === 'active' && use === 'claim';

/** Answers of insurers. The payment is added to the claim's account and subtracted from the patient's balance. */
export const explanationOfBenefit: ResourceModule<BenefitFacts, BenefitFacts> = {
  type: 'ExplanationOfBenefit',
  class: 'financial',
  space: 'financial',
  alsoIn: ['counters'],
  templateVersion: 1,
  decidedOn: ['Claim'],
  lines: [
    {
      key: 'fin~due~<claim>',
      mode: 'readWrite',
      when: 'active or an update, with a claim',
      why: 'what was paid on the claim, which must be active; only read if nothing is paid',
    },
    {
      key: 'ctr~balance:<patient>:<currency>~d~<change>',
      mode: 'delta',
      when: 'active or an update, with a payment',
      why: 'the balance of the patient',
    },
  ],
  patients: (resource) => [resource['patient'] as Reference | undefined],
  check: (resource) =>
    amountIssues((resource as ExplanationOfBenefit).payment?.amount, 'ExplanationOfBenefit.payment.amount'),
  facts: (resource, references) => {
    const { status, use, outcome, claim, payment } = resource as ExplanationOfBenefit;
    return { status: status ?? 'draft', use, outcome, claim: references.id(claim), paid: amountOf(payment?.amount) };
  },
  headFacts: (facts) => facts,
  template: ({ action, patient, facts, changeId }): readonly DeclaredKey[] => {
    const { claim, paid } = facts;
    if (action === 'create' && !isInForce(facts)) return [];
    const mode = paid === undefined && action === 'create' ? 'read' : 'readWrite';
    const account: readonly DeclaredKey[] = claim === undefined ? [] : [{ key: claimAccountKey(claim), mode }];
    return [...account, ...balanceKeys(patient, paid, changeId)];
  },
  apply: async ({ id, patient, facts, changeId }, state, { previous, survivor }) => {
    const before = previous?.isDeleted === false ? previous : undefined;
    checkStatus(financialRule, 'ExplanationOfBenefit.status', before?.facts.status, facts.status);
    await settle(state, { id, before, after: { patient, facts }, changeId, survivor });
    return undefined;
  },
  remove: ({ id, changeId }, state, { previous, survivor }) =>
    settle(state, { id, before: previous, after: undefined, changeId, survivor }),
};

interface Settlement {
  readonly id: string;
  readonly before: Benefit | undefined;
  readonly after: Benefit | undefined;
  readonly changeId: string;
  readonly survivor: (patient: string) => Promise<string>;
}

/** Undoes the payment of the earlier version and makes the present one. */
async function settle(state: State, { id, before, after, changeId, survivor }: Settlement): Promise<void> {
  const balances = new BalanceChange();
  await settleClaims(state, {
    by: 'made',
    before: paymentsOf(before, id),
    after: paymentsOf(after, id),
    patient: after?.patient,
    survivor,
    balances,
    expression,
  });
  // Without a claim there is no account, so the payment reduces the balance of its own patient.
  for (const [benefit, sign] of [[before, 1] as const, [after, -1] as const]) {
    if (benefit === undefined || !isInForce(benefit.facts) || benefit.facts.claim !== undefined) continue;
    const { paid } = benefit.facts;
    if (paid !== undefined) balances.add(benefit.patient, { ...paid, units: sign * paid.units });
  }
  balances.write(state, changeId, expression);
}

function paymentsOf(benefit: Benefit | undefined, payment: string): readonly StatedPayment[] {
  if (benefit === undefined || !isInForce(benefit.facts)) return [];
  const { claim, paid } = benefit.facts;
  return claim === undefined ? [] : [{ claim, payment, ...(paid === undefined ? {} : { amount: paid }) }];
}
