import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import type { ApplyContext, References, ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource, Money, Reference } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';
import { amountIssues, amountOf, BalanceChange, type Amount } from './account-balance.ts';
import { claimAccountKey } from './claim-account.ts';
import { settleClaims, type PaymentStatement, type StatedPayment } from './claim-payment.ts';
import { financialRule } from './financial-status.ts';
import { checkStatus } from './status-rule.ts';

/** A payment on a claim. Without a payment id the resource itself is the payment. */
type Paid = { readonly claim: string; readonly payment?: string; readonly amount: Amount };
type PaymentFacts = { readonly status: string; readonly payments: readonly Paid[] };

/** What differs between PaymentNotice and PaymentReconciliation. */
interface PaymentKind {
  readonly type: string;
  readonly by: PaymentStatement['by'];
  readonly check: (resource: FhirResource) => readonly RefusalIssue[];
  readonly payments: (resource: FhirResource, references: References) => readonly Paid[];
}

interface Detail {
  readonly request?: Reference;
  readonly amount?: Money;
}

/** Maximum of lines in a payment run: each is a key of the operation, whose keys are limited. */
const detailsMax = 1000;

/**
 * Payments on claims. Only the account of a claim tells whose balance changes, so that key is found when the payment is
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
    const [paymentsBefore, paymentsAfter] = [statedPayments(before, id), statedPayments(after, id)];
    context.spend(paymentsBefore.length + paymentsAfter.length);
    const balances = new BalanceChange();
    await settleClaims(state, {
      by,
      before: paymentsBefore,
      after: paymentsAfter,
      survivor: context.survivor,
      balances,
      expression: type,
    });
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

function statedPayments(facts: PaymentFacts | undefined, id: string): readonly StatedPayment[] {
  if (facts?.status !== 'active') return [];
  return facts.payments.map(({ claim, payment = id, amount }) => ({ claim, payment, amount }));
}

function claimOf(request: Reference | undefined, references: References): string | undefined {
  return references.type(request) === 'Claim' ? references.id(request) : undefined;
}

/** Notices of payments. The payment itself may be on the ledger as well and then counts once. */
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

/** Payment runs over many claims. */
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
