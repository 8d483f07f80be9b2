import { common } from '@hyperledger/fabric-protos';
import {
  isLifecycleKey,
  lifecycleNamespace,
  setsOf,
  type MetadataEntry,
  type NamespaceSet,
  type StateView,
  type ValidationCode,
} from '@medrex/ledger';
import type { Identity } from '../identity/identity-register.ts';
import { policyOf } from '../policy/policy-message.ts';
import { isSatisfied, type SignaturePolicy } from '../policy/signature-policy.ts';
import { definitionIn } from './chaincode-definition.ts';
import type { PolicyJudge } from './channel-ledger.ts';
import type { JudgedTransaction } from './judge-transaction.ts';

/** Name under which a key's own endorsement policy stands in its metadata. */
export const validationParameter = 'VALIDATION_PARAMETER';

/**
 * Endorsement policies of one block (Fabric's VSCC): the chaincode's for every namespace that is written, or the key's own
 * where it has one. A transaction that depends on a key policy which an earlier one of the same block changes is invalid.
 */
export class EndorsementPolicies implements PolicyJudge {
  readonly #lifecyclePolicy: SignaturePolicy;
  /** Keys whose policy an earlier transaction of the block has changed. */
  readonly #changed = new Set<string>();

  constructor(lifecyclePolicy: SignaturePolicy) {
    this.#lifecyclePolicy = lifecyclePolicy;
  }

  async judge({ transaction, endorsers }: JudgedTransaction, view: StateView): Promise<ValidationCode> {
    if (transaction === undefined) return 'INVALID_ENDORSER_TRANSACTION';
    for (const set of setsToEndorse(transaction)) {
      const code = await this.#judgeSet(set, endorsers, view);
      if (code !== 'VALID') return code;
    }
    for (const set of setsOf(transaction)) {
      for (const { key } of set.readWriteSet.metadata ?? []) this.#changed.add(keyName(set.chaincode, key));
    }
    return 'VALID';
  }

  async #judgeSet(set: NamespaceSet, endorsers: readonly Identity[], view: StateView): Promise<ValidationCode> {
    const { chaincode } = set;
    if (chaincode !== lifecycleNamespace && set.readWriteSet.writes.some(({ key }) => isLifecycleKey(key))) {
      return 'ILLEGAL_WRITESET';
    }
    if (keysWritten(set).some((key) => this.#changed.has(keyName(chaincode, key)))) return 'ENDORSEMENT_POLICY_FAILURE';
    const required = await requiredPolicies(set, view, this.#lifecyclePolicy);
    if (required === undefined) return 'INVALID_CHAINCODE';
    return required.every((policy) => isSatisfied(policy, endorsers)) ? 'VALID' : 'ENDORSEMENT_POLICY_FAILURE';
  }
}

/** The policies that one namespace's writes need: the keys' own, and the chaincode's unless every written key has its own. */
export async function requiredPolicies(
  set: NamespaceSet,
  view: StateView,
  lifecyclePolicy: SignaturePolicy,
): Promise<readonly SignaturePolicy[] | undefined> {
  const { chaincode } = set;
  const isLifecycle = chaincode === lifecycleNamespace;
  const policy = isLifecycle ? lifecyclePolicy : (await definitionIn(view, chaincode))?.policy;
  if (policy === undefined) return undefined;
  const keys = keysWritten(set);
  const found = await view.get(chaincode, keys);
  const own = found.map((entry) => keyPolicy(entry?.metadata ?? [])).filter((found) => found !== undefined);
  return own.length < keys.length || keys.length === 0 ? [policy, ...own] : own;
}

/** The sets of a transaction whose policies count: its own chaincode's, and those that it writes through others. */
export function setsToEndorse(transaction: NamespaceSet): readonly NamespaceSet[] {
  return setsOf(transaction).filter((set) => set.chaincode === transaction.chaincode || keysWritten(set).length > 0);
}

/** A key's own endorsement policy, where its metadata has one. */
export function keyPolicy(metadata: readonly MetadataEntry[]): SignaturePolicy | undefined {
  const entry = metadata.find(({ name }) => name === validationParameter);
  if (entry === undefined || entry.value.length === 0) return undefined;
  return policyOf(common.SignaturePolicyEnvelope.deserializeBinary(entry.value));
}

function keysWritten({ readWriteSet: { writes, metadata = [] } }: NamespaceSet): readonly string[] {
  return [...new Set<string>([...writes, ...metadata].map(({ key }) => key))];
}

const keyName = (namespace: string, key: string): string => `${namespace}\u0000${key}`;
