import type { State } from '@medrex/execute-batch';
import type { ResourceModule } from '../contract/resource-module.ts';
import type { Money, Reference } from '../fhir/datatypes.ts';
import { amountOf, balanceKeys, changeBalance, negated, type Amount } from './account-balance.ts';
import { claimAccountKey, payClaim } from './claim-account.ts';

type BenefitFacts = {
  readonly status: string;
  readonly outcome?: string;
  readonly claim?: string;
  readonly paid?: Amount;
};
type BenefitHead = { readonly claim?: string; readonly paid?: Amount };

/** What takes effect: an explanation that was cancelled pays nothing. */
const effectOf = ({ status, claim, paid }: BenefitFacts): BenefitHead => (status === 'active' ? { claim, paid } : {});

/** What insurers answered: the payment goes on the claim's account and off the patient's balance. */
export const explanationOfBenefit: ResourceModule<BenefitFacts, BenefitHead> = {
  type: 'ExplanationOfBenefit',
  class: 'financial',
  space: 'financial',
  alsoIn: ['counters'],
  templateVersion: 1,
  lines: [
    {
      key: 'fin~due~<claim>',
      mode: 'readWrite',
      when: 'active, with a claim and a payment',
      why: 'what was paid on the claim',
    },
    {
      key: 'ctr~balance:<patient>:<currency>~d~<change>',
      mode: 'delta',
      when: 'active, with a payment',
      why: 'the balance of the patient',
    },
  ],
  patients: (resource) => [resource['patient'] as Reference | undefined],
  facts: (resource, references) => {
    const { status, outcome, claim, payment } = resource as {
      readonly status?: string;
      readonly outcome?: string;
      readonly claim?: Reference;
      readonly payment?: { readonly amount?: Money };
    };
    return { status: status ?? 'draft', outcome, claim: references.id(claim), paid: amountOf(payment?.amount) };
  },
  headFacts: effectOf,
  template: ({ patient, facts, changeId }) => {
    const { claim, paid } = effectOf(facts);
    if (paid === undefined) return [];
    return [
      ...(claim === undefined ? [] : ([{ key: claimAccountKey(claim), mode: 'readWrite' }] as const)),
      ...balanceKeys(patient, paid, changeId),
    ];
  },
  apply: async ({ patient, facts, changeId }, state, { previous }) => {
    const before = previous === undefined || previous.isDeleted ? {} : previous.facts;
    await settle(state, patient, before, effectOf(facts), changeId);
    return undefined;
  },
  remove: async ({ patient, changeId }, state, { previous }) =>
    settle(state, patient, previous?.facts ?? {}, {}, changeId),
};

/** Takes back what an earlier version paid, and pays what this one does. */
async function settle(
  state: State,
  patient: string | undefined,
  before: BenefitHead,
  after: BenefitHead,
  changeId: string,
): Promise<void> {
  const expression = 'ExplanationOfBenefit.claim';
  if (before.claim !== undefined && before.paid !== undefined)
    await payClaim(state, before.claim, -before.paid.units, expression);
  if (after.claim !== undefined && after.paid !== undefined)
    await payClaim(state, after.claim, after.paid.units, expression);
  const units = (after.paid?.units ?? 0) - (before.paid?.units ?? 0);
  const currency = after.paid?.currency ?? before.paid?.currency;
  if (currency !== undefined) changeBalance(state, patient, negated({ units, currency }), changeId);
}
