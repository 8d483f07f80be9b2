import type { ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource, Money, Reference } from '../fhir/datatypes.ts';
import { amountIssues, amountOf, BalanceChange, balanceKeys, type Amount } from './account-balance.ts';
import { claimAccountKey, moveBalances, readClaimAccount, writeClaimAccount } from './claim-account.ts';
import { checkStatus } from './status-rule.ts';
import { financialRule } from './financial-status.ts';

type ClaimFacts = {
  readonly status: string;
  readonly use?: string;
  readonly total?: Amount;
};
type ClaimHead = { readonly status: string };

type Claim = FhirResource & { readonly status?: string; readonly use?: string; readonly total?: Money };

/** What a claim bills. Drafts, cancelled claims, and those that only ask what would be paid bill nothing. */
const billedBy = ({ status, use, total }: ClaimFacts) => (status === 'active' && use === 'claim' ? total : undefined);

/** Claims. The total is added to the account of the claim and to the patient's balance. */
export const claim: ResourceModule<ClaimFacts, ClaimHead> = {
  type: 'Claim',
  class: 'financial',
  space: 'financial',
  alsoIn: ['counters'],
  templateVersion: 1,
  lines: [
    {
      key: 'fin~due~<claim>',
      mode: 'write',
      when: 'create',
      why: 'the account of the claim, written without being read: the id is new',
    },
    { key: 'fin~due~<claim>', mode: 'readWrite', when: 'update', why: 'the account keeps what was paid' },
    {
      key: 'ctr~balance:<patient>:<currency>~d~<change>',
      mode: 'delta',
      when: 'active or an update, with a total',
      why: 'the balance of the patient',
    },
  ],
  patients: (resource) => [resource['patient'] as Reference | undefined],
  check: (resource) => amountIssues((resource as Claim).total, 'Claim.total'),
  facts: (resource) => {
    const { status, use, total } = resource as Claim;
    return { status: status ?? 'draft', use, total: amountOf(total) };
  },
  headFacts: ({ status }) => ({ status }),
  template: ({ action, id, patient, facts, changeId }) => [
    { key: claimAccountKey(id), mode: action === 'create' ? 'write' : 'readWrite' },
    ...balanceKeys(patient, action === 'create' ? billedBy(facts) : facts.total, changeId),
  ],
  apply: async ({ action, id, patient, facts, changeId }, state, { previous }) => {
    checkStatus(
      financialRule,
      'Claim.status',
      previous?.isDeleted === false ? previous.facts.status : undefined,
      facts.status,
    );
    const before = action === 'create' ? undefined : await readClaimAccount(state, id);
    const after = {
      isActive: facts.status === 'active',
      patient: patient ?? before?.patient,
      billed: billedBy(facts),
      payments: before?.payments ?? [],
    };
    writeClaimAccount(state, id, after);
    const balances = new BalanceChange();
    moveBalances(balances, before, after);
    balances.write(state, changeId, 'Claim.total');
    return undefined;
  },
  remove: async ({ id, changeId }, state) => {
    const before = await readClaimAccount(state, id);
    if (before === undefined) return;
    const after = { ...before, isActive: false, billed: undefined };
    writeClaimAccount(state, id, after);
    const balances = new BalanceChange();
    moveBalances(balances, before, after);
    balances.write(state, changeId, 'Claim.total');
  },
};
