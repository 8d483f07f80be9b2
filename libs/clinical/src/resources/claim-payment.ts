import type { State } from '@medrex/execute-batch';
import { reject } from '../contract/rejects.ts';
import { sumOf, type Amount, type BalanceChange } from './account-balance.ts';
import {
  moveBalances,
  newAccount,
  paidOn,
  readClaimAccount,
  writeClaimAccount,
  type AccountPayment,
  type ClaimAccount,
} from './claim-account.ts';

/** What one record states as paid on one claim. Without an amount it only answers the claim. */
export type StatedPayment = { readonly claim: string; readonly payment: string; readonly amount?: Amount };

/** The payments that one record states, before and after a change of it. */
export interface PaymentStatement {
  /** Whether the record makes its payments or only announces them. */
  readonly by: 'made' | 'noticed';
  readonly before: readonly StatedPayment[];
  readonly after: readonly StatedPayment[];
  /** The patient that the record is about; must be the claim's. */
  readonly patient?: string | undefined;
  /** The patient that messages about a patient apply to. */
  readonly survivor: (patient: string) => Promise<string>;
  readonly balances: BalanceChange;
  readonly expression: string;
}

/**
 * Applies a changed statement to the accounts of all claims that it names, and to the balances.
 * @throws Reject CLAIM_NOT_ACTIVE, WRONG_PATIENT, LIST_FULL, SUM_TOO_LARGE
 */
export async function settleClaims(state: State, statement: PaymentStatement): Promise<void> {
  const { before, after } = statement;
  for (const claim of new Set([...before, ...after].map((one) => one.claim))) {
    const on = (payments: readonly StatedPayment[]) => payments.filter((one) => one.claim === claim);
    await settleClaim(state, claim, { ...statement, before: on(before), after: on(after) });
  }
}

/** The same for the payments on one claim. */
async function settleClaim(state: State, claim: string, statement: PaymentStatement): Promise<void> {
  const { before, after, patient, expression, balances } = statement;
  const known = await readClaimAccount(state, claim);
  const account = known ?? newAccount;
  if (after.length > 0) await checkPatient(account, statement);
  const next = {
    ...account,
    patient: account.patient ?? patient,
    payments: withStatement(account.payments, statement),
  };
  if (!account.isActive && (isAnswerOnly(statement) || paysMore(account, next, statement)))
    throw reject('CLAIM_NOT_ACTIVE', 'the claim is not active; it is neither answered nor paid', { expression });
  if ([...before, ...after].every(({ amount }) => amount === undefined)) return;
  writeClaimAccount(state, claim, next);
  moveBalances(balances, known, next);
}

async function checkPatient({ patient }: ClaimAccount, statement: PaymentStatement): Promise<void> {
  const { patient: own, survivor, expression } = statement;
  if (patient === undefined || own === undefined || patient === own || (await survivor(patient)) === own) return;
  throw reject('WRONG_PATIENT', 'the claim is of another patient; name the claim that is answered', { expression });
}

function isAnswerOnly({ before, after }: PaymentStatement): boolean {
  return before.length === 0 && after.every(({ amount }) => amount === undefined || amount.units === 0);
}

/** Whether the statement adds payments. Taking payments back is allowed even if the claim was cancelled meanwhile. */
function paysMore(account: ClaimAccount, next: ClaimAccount, { after, expression }: PaymentStatement): boolean {
  return after.some(
    ({ amount }) =>
      amount !== undefined && paidOn(next, amount.currency, expression) > paidOn(account, amount.currency, expression),
  );
}

/**
 * The payments of an account with those that the statement now makes. What other records state of the same payments
 * stays.
 */
function withStatement(payments: readonly AccountPayment[], statement: PaymentStatement): readonly AccountPayment[] {
  const { by, before, after, expression } = statement;
  const remaining = payments.flatMap((one): readonly AccountPayment[] => {
    if (!before.some((stated) => isSame(one, stated))) return [one];
    const others: AccountPayment = { ...one, [by]: undefined };
    return others.made === undefined && others.noticed === undefined ? [] : [others];
  });
  for (const { payment, amount } of after) {
    if (amount === undefined) continue;
    const { currency, units } = amount;
    const at = remaining.findIndex((one) => isSame(one, { payment, amount }));
    const one: AccountPayment = remaining[at] ?? { payment, currency };
    remaining.splice(at < 0 ? remaining.length : at, 1, { ...one, [by]: sumOf([one[by] ?? 0, units], expression) });
  }
  // Sorted by payment, so that the account does not depend on the order of messages.
  return remaining.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

const nameOf = ({ payment, currency }: AccountPayment) => `${payment} ${currency}`;

function isSame(one: AccountPayment, { payment, amount }: Pick<StatedPayment, 'payment' | 'amount'>): boolean {
  return one.payment === payment && one.currency === amount?.currency;
}
