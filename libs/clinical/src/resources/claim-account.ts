import type { JsonObject, State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import { sumOf, type Amount, type BalanceChange } from './account-balance.ts';

/**
 * A payment on a claim in one currency, in ten-thousandths. A PaymentNotice announces a payment that a reconciliation
 * then lists. Both have the same payment id and count once, with the amount `made` if it is known.
 */
export type AccountPayment = {
  /** Id of the reconciliation or explanation of benefit; for a notice the id of the payment that it announces. */
  readonly payment: string;
  readonly currency: string;
  readonly made?: number | undefined;
  readonly noticed?: number | undefined;
};

/** The account of a claim: what the claim bills, and what explanations of benefit and payments pay. */
export interface ClaimAccount {
  readonly isActive: boolean;
  /**
   * The patient whose balance the account belongs to. Unknown until the claim or an explanation of benefit names one.
   */
  readonly patient: string | undefined;
  readonly billed: Amount | undefined;
  readonly payments: readonly AccountPayment[];
}

/** The account of a claim that is not on the ledger: insurers answer older claims, too. */
export const newAccount: ClaimAccount = { isActive: true, patient: undefined, billed: undefined, payments: [] };

/** Far more payments than a claim gets; each change walks all of them. */
const paymentsMax = 200;

/** Key of a claim's account. Answers and payments of one claim conflict on this key only. */
export function claimAccountKey(claim: string): StateKey {
  return stateKey('financial', 'due', claim);
}

/** Reads a claim's account; undefined for a claim that is not on the ledger. */
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

/** The amount of a payment that counts. */
export function countedUnits({ made, noticed = 0 }: AccountPayment): number {
  return made ?? noticed;
}

/**
 * What was paid on an account in one currency, in ten-thousandths.
 * @throws Reject SUM_TOO_LARGE
 */
export function paidOn({ payments }: ClaimAccount, currency: string, expression: string): number {
  return sumOf(payments.filter((one) => one.currency === currency).map(countedUnits), expression);
}

/** Updates the patients' balances (billed less paid) for the change of an account. */
export function moveBalances(
  balances: BalanceChange,
  before: ClaimAccount | undefined,
  after: ClaimAccount | undefined,
): void {
  for (const [account, sign] of [[before, -1] as const, [after, 1] as const]) {
    if (account === undefined) continue;
    const { patient, billed, payments } = account;
    if (billed !== undefined) balances.add(patient, { ...billed, units: sign * billed.units });
    for (const one of payments) balances.add(patient, { currency: one.currency, units: -sign * countedUnits(one) });
  }
}
