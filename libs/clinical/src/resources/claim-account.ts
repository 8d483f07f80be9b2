import type { JsonObject, State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import { sumOf, type Amount, type BalanceChange } from './account-balance.ts';

/**
 * One payment on a claim in one currency, in ten-thousandths. A PaymentNotice tells of a payment that a reconciliation then lists: both name
 * the same one, and it counts once, as what was made when that is known.
 */
export type AccountPayment = {
  /** Id of the reconciliation or explanation of benefit; of a notice, of the payment that it is about. */
  readonly payment: string;
  readonly currency: string;
  readonly made?: number | undefined;
  readonly noticed?: number | undefined;
};

/** What stands to a claim's account: billed by the claim, paid by explanations of benefit and payments. */
export interface ClaimAccount {
  readonly isActive: boolean;
  /** Whose balance it is part of. Unknown until the claim or an explanation of benefit says so. */
  readonly patient: string | undefined;
  readonly billed: Amount | undefined;
  readonly payments: readonly AccountPayment[];
}

/** The account of a claim that the ledger never saw: insurers answer claims of before. */
export const newAccount: ClaimAccount = { isActive: true, patient: undefined, billed: undefined, payments: [] };

/** Far more than a claim is ever paid in; each change walks all of them. */
const paymentsMax = 200;

/** Key of a claim's account; answers and payments of one claim meet on it and on nothing else. */
export function claimAccountKey(claim: string): StateKey {
  return stateKey('financial', 'due', claim);
}

/** Reads a claim's account; undefined for a claim that the ledger never saw. */
export async function readClaimAccount(state: State, claim: string): Promise<ClaimAccount | undefined> {
  const json = await readJson(state, claimAccountKey(claim));
  if (json === undefined) return undefined;
  return {
    isActive: json['isActive'] === true,
    patient: typeof json['patient'] === 'string' ? json['patient'] : undefined,
    billed: json['billed'] as Amount | undefined,
    payments: (json['payments'] ?? []) as readonly (AccountPayment & JsonObject)[],
  };
}

/** Writes an account. @throws Reject LIST_FULL */
export function writeClaimAccount(state: State, claim: string, account: ClaimAccount): void {
  const { billed, isActive, patient, payments } = account;
  if (payments.length > paymentsMax) throw reject('LIST_FULL', `a claim takes ${paymentsMax} payments at most`);
  writeJson(state, claimAccountKey(claim), { billed, isActive, patient, payments });
}

/** What counts of a payment. */
export function paidUnits({ made, noticed = 0 }: AccountPayment): number {
  return made ?? noticed;
}

/** What was paid on an account in a currency, in ten-thousandths. @throws Reject SUM_TOO_LARGE */
export function paidOn({ payments }: ClaimAccount, currency: string, expression: string): number {
  return sumOf(payments.filter((one) => one.currency === currency).map(paidUnits), expression);
}

/** Moves the balances from what an account came to before to what it comes to now: billed less paid, for its patient. */
export function moveOwed(
  balances: BalanceChange,
  before: ClaimAccount | undefined,
  after: ClaimAccount | undefined,
): void {
  for (const [account, sign] of [[before, -1] as const, [after, 1] as const]) {
    if (account === undefined) continue;
    const { patient, billed, payments } = account;
    if (billed !== undefined) balances.add(patient, { ...billed, units: sign * billed.units });
    for (const one of payments) balances.add(patient, { currency: one.currency, units: -sign * paidUnits(one) });
  }
}
