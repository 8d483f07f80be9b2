import type { State } from '@medrex/execute-batch';
import type { ResourceModule } from '../contract/resource-module.ts';
import type { Money, Reference } from '../fhir/datatypes.ts';
import { amountOf, balanceKeys, changeBalance, type Amount } from './account-balance.ts';
import { claimAccountKey, readClaimAccount, writeClaimAccount } from './claim-account.ts';

type ClaimFacts = {
  readonly status: string;
  readonly use?: string;
  readonly billed?: Amount;
};
type ClaimHead = { readonly billed?: Amount };

/** What a claim bills: nothing while it is a draft, and nothing any more once it is cancelled. */
const billedBy = ({ status, billed }: ClaimFacts): Amount | undefined => (status === 'active' ? billed : undefined);

/** Claims: what is billed goes on the account of the claim and on the patient's balance. */
export const claim: ResourceModule<ClaimFacts, ClaimHead> = {
  type: 'Claim',
  class: 'financial',
  space: 'financial',
  alsoIn: ['counters'],
  templateVersion: 1,
  lines: [
    { key: 'fin~due~<claim>', mode: 'write', when: 'create', why: 'the account of the claim, blind: the id is new' },
    { key: 'fin~due~<claim>', mode: 'readWrite', when: 'update', why: 'what was paid stays' },
    {
      key: 'ctr~balance:<patient>:<currency>~d~<change>',
      mode: 'delta',
      when: 'active, with a total',
      why: 'the balance of the patient',
    },
  ],
  patients: (resource) => [resource['patient'] as Reference | undefined],
  facts: (resource) => {
    const { status, use, total } = resource as {
      readonly status?: string;
      readonly use?: string;
      readonly total?: Money;
    };
    return { status: status ?? 'draft', use, billed: amountOf(total) };
  },
  headFacts: (facts) => ({ billed: billedBy(facts) }),
  template: ({ action, id, patient, facts, changeId }) => [
    { key: claimAccountKey(id), mode: action === 'create' ? 'write' : 'readWrite' },
    ...balanceKeys(patient, billedBy(facts), changeId),
  ],
  apply: async ({ action, id, patient, facts, changeId }, state, { previous }) => {
    const billed = billedBy(facts);
    const before = previous === undefined || previous.isDeleted ? undefined : previous.facts.billed;
    const account = action === 'create' ? undefined : await readClaimAccount(state, id);
    writeClaimAccount(state, id, {
      isActive: facts.status === 'active',
      patient,
      billed,
      paidUnits: account?.paidUnits ?? 0,
    });
    moveBalance(state, patient, before, billed, changeId);
    return undefined;
  },
  remove: async ({ id, patient, changeId }, state, { previous }) => {
    const account = await readClaimAccount(state, id);
    if (account !== undefined) writeClaimAccount(state, id, { ...account, isActive: false, billed: undefined });
    moveBalance(state, patient, previous?.facts.billed, undefined, changeId);
  },
};

/** The balance moves by the difference; where the currency changed, by both amounts. */
function moveBalance(
  state: State,
  patient: string | undefined,
  before: Amount | undefined,
  after: Amount | undefined,
  changeId: string,
): void {
  if (before !== undefined && after !== undefined && before.currency === after.currency) {
    changeBalance(state, patient, { units: after.units - before.units, currency: after.currency }, changeId);
    return;
  }
  if (before !== undefined)
    changeBalance(state, patient, { units: -before.units, currency: before.currency }, changeId);
  if (after !== undefined) changeBalance(state, patient, after, changeId);
}
