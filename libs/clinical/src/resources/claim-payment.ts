import type { State } from '@medrex/execute-batch';
import { reject } from '../contract/rejects.ts';
import { sumOf, type Amount, type BalanceChange } from './account-balance.ts';
import {
  moveOwed,
  newAccount,
  paidOn,
  readClaimAccount,
  writeClaimAccount,
  type AccountPayment,
  type ClaimAccount,
} from './claim-account.ts';

/** What one record says was paid on one claim; without an amount it only answers the claim. */
export type StatedPayment = { readonly claim: string; readonly payment: string; readonly amount?: Amount };

/** A record of payments before and after a change. */
export interface Statement {
  /** Whether the record makes its payments, or tells of them. */
  readonly by: 'made' | 'noticed';
  readonly before: readonly StatedPayment[];
  readonly after: readonly StatedPayment[];
  /** The patient that the record itself is about: must be the claim's. */
  readonly patient?: string | undefined;
  /** Whom messages about a patient land on. */
  readonly survivor: (patient: string) => Promise<string>;
  readonly balances: BalanceChange;
  readonly expression: string;
}

/**
 * Makes the accounts of all claims that a record names what they are with the record as it is now, and moves the balances along.
 *
 * @throws Reject CLAIM_NOT_ACTIVE, WRONG_PATIENT, LIST_FULL, SUM_TOO_LARGE
 */
export async function settleClaims(state: State, statement: Statement): Promise<void> {
  const { before, after } = statement;
  for (const claim of new Set([...before, ...after].map((one) => one.claim))) {
    const on = (payments: readonly StatedPayment[]) => payments.filter((one) => one.claim === claim);
    await settleClaim(state, claim, { ...statement, before: on(before), after: on(after) });
  }
}

/** The same for the payments on one claim. */
async function settleClaim(state: State, claim: string, statement: Statement): Promise<void> {
  const { before, after, patient, expression, balances } = statement;
  const known = await readClaimAccount(state, claim);
  const account = known ?? newAccount;
  if (after.length > 0) await checkPatient(account, statement);
  const next = {
    ...account,
    patient: account.patient ?? patient,
    payments: restated(account.payments, statement),
  };
  if (!account.isActive && (isAnswerOnly(statement) || paysMore(account, next, statement)))
    throw reject('CLAIM_NOT_ACTIVE', 'the claim is not active; it is neither answered nor paid', { expression });
  if ([...before, ...after].every(({ amount }) => amount === undefined)) return;
  writeClaimAccount(state, claim, next);
  moveOwed(balances, known, next);
}

async function checkPatient({ patient }: ClaimAccount, statement: Statement): Promise<void> {
  const { patient: own, survivor, expression } = statement;
  if (patient === undefined || own === undefined || patient === own || (await survivor(patient)) === own) return;
  throw reject('WRONG_PATIENT', 'the claim is of another patient; name the claim that is answered', { expression });
}

function isAnswerOnly({ before, after }: Statement): boolean {
  return before.length === 0 && after.every(({ amount }) => amount === undefined || amount.units === 0);
}

/** What is taken back is always taken: also from a claim that was cancelled in between. */
function paysMore(account: ClaimAccount, next: ClaimAccount, { after, expression }: Statement): boolean {
  return after.some(
    ({ amount }) =>
      amount !== undefined && paidOn(next, amount.currency, expression) > paidOn(account, amount.currency, expression),
  );
}

/** The payments of an account with those of this record as they are now; what others said of the same payments stays. */
function restated(payments: readonly AccountPayment[], statement: Statement): readonly AccountPayment[] {
  const { by, before, after, expression } = statement;
  const left = payments.flatMap((one): readonly AccountPayment[] => {
    if (!before.some((stated) => isSame(one, stated))) return [one];
    const others: AccountPayment = { ...one, [by]: undefined };
    return others.made === undefined && others.noticed === undefined ? [] : [others];
  });
  for (const { payment, amount } of after) {
    if (amount === undefined) continue;
    const { currency, units } = amount;
    const at = left.findIndex((one) => isSame(one, { payment, amount }));
    const one: AccountPayment = left[at] ?? { payment, currency };
    left.splice(at < 0 ? left.length : at, 1, { ...one, [by]: sumOf([one[by] ?? 0, units], expression) });
  }
  // In an order of their own, not in that of what was said: an account is the same however it came about.
  return left.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

const nameOf = ({ payment, currency }: AccountPayment) => `${payment} ${currency}`;

function isSame(one: AccountPayment, { payment, amount }: Pick<StatedPayment, 'payment' | 'amount'>): boolean {
  return one.payment === payment && one.currency === amount?.currency;
}
