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

/** Metadata name of a key-level endorsement policy. */
export const validationParameter = 'VALIDATION_PARAMETER';

/**
 * Checks the endorsement policies of one block (Fabric's VSCC): that of the chaincode for every written namespace, or the key-level
 * policy of a key that has one. A transaction is invalid if an earlier one of the block changed a key-level policy it depends on.
 */
export class EndorsementPolicies implements PolicyJudge {
  readonly #lifecyclePolicy: SignaturePolicy;
  /** Keys whose policy was changed by an earlier transaction of the block. */
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

/** The policies for the writes of a namespace: the key-level ones, and that of the chaincode unless every written key has one. */
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

/** The read-write sets of a transaction whose policies apply: that of its chaincode, and those with writes of called chaincodes. */
export function setsToEndorse(transaction: NamespaceSet): readonly NamespaceSet[] {
  return setsOf(transaction).filter((set) => set.chaincode === transaction.chaincode || keysWritten(set).length > 0);
}

/** The key-level endorsement policy in metadata; undefined if there is none. */
export function keyPolicy(metadata: readonly MetadataEntry[]): SignaturePolicy | undefined {
  const entry = metadata.find(({ name }) => name === validationParameter);
  if (entry === undefined || entry.value.length === 0) return undefined;
  return policyOf(common.SignaturePolicyEnvelope.deserializeBinary(entry.value));
}

function keysWritten({ readWriteSet: { writes, metadata = [] } }: NamespaceSet): readonly string[] {
  return [...new Set<string>([...writes, ...metadata].map(({ key }) => key))];
}

const keyName = (namespace: string, key: string): string => `${namespace}\u0000${key}`;
