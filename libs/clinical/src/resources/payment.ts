import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import type { ApplyContext, References, ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource, Money, Reference } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';
import { amountIssues, amountOf, BalanceChange, type Amount } from './account-balance.ts';
import { claimAccountKey } from './claim-account.ts';
import { settleClaims, type Statement, type StatedPayment } from './claim-payment.ts';
import { financialRule } from './financial-status.ts';
import { checkStatus } from './status-rule.ts';

/** One payment on one claim; without the id of a payment, the resource itself is it. */
type Paid = { readonly claim: string; readonly payment?: string; readonly amount: Amount };
type PaymentFacts = { readonly status: string; readonly payments: readonly Paid[] };

/** What differs between the two resources that say that claims were paid. */
interface PaymentKind {
  readonly type: string;
  readonly by: Statement['by'];
  readonly check: (resource: FhirResource) => readonly RefusalIssue[];
  readonly payments: (resource: FhirResource, references: References) => readonly Paid[];
}

interface Detail {
  readonly request?: Reference;
  readonly amount?: Money;
}

/** Lines of one payment run: each is a claim's account, and an operation's keys have a limit. */
const detailsMax = 1000;

/**
 * Payments on claims. Whose balance falls is known to the claim's account alone, so its key is found when the payment is
 * applied.
 */
function paymentModule({ type, by, check, payments }: PaymentKind): ResourceModule<PaymentFacts, PaymentFacts> {
  return {
    type,
    class: 'financial',
    space: 'financial',
    alsoIn: ['counters'],
    templateVersion: 1,
    decidedOn: ['Claim'],
    lines: [
      {
        key: 'fin~due~<claim>',
        mode: 'readWrite',
        when: 'active or an update, for each claim',
        why: 'what was paid on the claim',
      },
      {
        key: 'ctr~balance:<patient>:<currency>~d~<change>',
        mode: 'delta',
        when: 'active or an update, for each claim',
        why: 'the balance of the patient, whom the account of the claim names',
        isDiscovered: true,
      },
    ],
    check,
    facts: (resource, references) => ({
      status: typeof resource['status'] === 'string' ? resource['status'] : 'draft',
      payments: payments(resource, references),
    }),
    headFacts: (facts) => facts,
    template: ({ action, facts }): readonly DeclaredKey[] =>
      action === 'create' && facts.status !== 'active'
        ? []
        : facts.payments.map(({ claim }) => ({ key: claimAccountKey(claim), mode: 'readWrite' })),
    apply: async ({ id, facts, changeId }, state, context) => {
      const before = context.previous?.isDeleted === false ? context.previous.facts : undefined;
      checkStatus(financialRule, `${type}.status`, before?.status, facts.status);
      await settle(state, { id, changeId, before, after: facts, context });
      return undefined;
    },
    remove: ({ id, changeId }, state, context) =>
      settle(state, { id, changeId, before: context.previous?.facts, after: undefined, context }),
  };

  async function settle(state: State, { id, changeId, before, after, context }: Settlement): Promise<void> {
    const [was, is] = [statedBy(before, id), statedBy(after, id)];
    context.spend(was.length + is.length);
    const balances = new BalanceChange();
    await settleClaims(state, { by, before: was, after: is, survivor: context.survivor, balances, expression: type });
    balances.write(state, changeId, type);
  }
}

interface Settlement {
  readonly id: string;
  readonly changeId: string;
  readonly before: PaymentFacts | undefined;
  readonly after: PaymentFacts | undefined;
  readonly context: ApplyContext<PaymentFacts>;
}

function statedBy(facts: PaymentFacts | undefined, id: string): readonly StatedPayment[] {
  if (facts?.status !== 'active') return [];
  return facts.payments.map(({ claim, payment = id, amount }) => ({ claim, payment, amount }));
}

function claimOf(request: Reference | undefined, references: References): string | undefined {
  return references.type(request) === 'Claim' ? references.id(request) : undefined;
}

/** Tells of a payment. What it is about, `payment`, may be on the ledger as well, and is counted once. */
export const paymentNotice = paymentModule({
  type: 'PaymentNotice',
  by: 'noticed',
  check: (resource) => amountIssues(resource['amount'] as Money | undefined, 'PaymentNotice.amount'),
  payments: (resource, references) => {
    const claim = claimOf(resource['request'] as Reference | undefined, references);
    const amount = amountOf(resource['amount'] as Money | undefined);
    const payment = references.id(resource['payment'] as Reference | undefined);
    if (claim === undefined || amount === undefined) return [];
    return [{ claim, amount, ...(payment === undefined ? {} : { payment }) }];
  },
});

/** A payment run over many claims. */
export const paymentReconciliation = paymentModule({
  type: 'PaymentReconciliation',
  by: 'made',
  check: (resource) => {
    const details = detailsOf(resource);
    const at = 'PaymentReconciliation.detail';
    if (details.length > detailsMax) return [issue('too-long', at, `A run may list ${detailsMax} payments; split it.`)];
    return details.flatMap(({ amount }, index) => amountIssues(amount, `${at}[${index}].amount`));
  },
  payments: (resource, references) =>
    detailsOf(resource).flatMap(({ request, amount: money }) => {
      const claim = claimOf(request, references);
      const amount = amountOf(money);
      return claim === undefined || amount === undefined ? [] : [{ claim, amount }];
    }),
});

function detailsOf(resource: FhirResource): readonly Detail[] {
  return (resource['detail'] ?? []) as readonly Detail[];
}
