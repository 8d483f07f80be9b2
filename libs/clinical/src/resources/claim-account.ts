import type { State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import type { Amount } from './account-balance.ts';

/** What stands to a claim's account: billed by the claim, paid by explanations of benefit and payments. */
export interface ClaimAccount {
  readonly isActive: boolean;
  readonly patient: string | undefined;
  readonly billed: Amount | undefined;
  /** Ten-thousandths of the claim's currency. */
  readonly paidUnits: number;
}

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
    paidUnits: Number(json['paidUnits'] ?? 0),
  };
}

export function writeClaimAccount(
  state: State,
  claim: string,
  { isActive, patient, billed, paidUnits }: ClaimAccount,
): void {
  writeJson(state, claimAccountKey(claim), { isActive, patient, billed, paidUnits });
}

/**
 * Notes a payment on a claim. A claim that the ledger never saw gets an account by its first payment: insurers answer claims of before.
 * @returns the patient that the claim is about, when known
 * @throws Reject CLAIM_NOT_ACTIVE
 */
export async function payClaim(
  state: State,
  claim: string,
  units: number,
  expression: string,
): Promise<string | undefined> {
  const account = (await readClaimAccount(state, claim)) ?? {
    isActive: true,
    patient: undefined,
    billed: undefined,
    paidUnits: 0,
  };
  if (!account.isActive && units > 0)
    throw reject('CLAIM_NOT_ACTIVE', 'the claim is not active; nothing can be paid on it', { expression });
  writeClaimAccount(state, claim, { ...account, paidUnits: account.paidUnits + units });
  return account.patient;
}
