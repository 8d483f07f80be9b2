import type { Identity, Role } from '../identity/identity-register.ts';

/** A principal: an MSP and a role; `member` is any role. */
export interface Principal {
  readonly mspId: string;
  readonly role: Role | 'member';
}

/** The properties of an identity that a policy checks. */
export type Signer = Pick<Identity, 'mspId' | 'role'>;

/** A signature policy: a principal, or N of several policies (Fabric's `SignedBy` and `NOutOf`). */
export type SignaturePolicy = Principal | { readonly outOf: number; readonly policies: readonly SignaturePolicy[] };

/** Whether the identities satisfy the policy. As in Fabric, each identity counts once, for the first matching principal. */
export function isSatisfied(policy: SignaturePolicy, identities: readonly Signer[]): boolean {
  return satisfy(policy, identities, new Set()) !== undefined;
}

/** The identities used to satisfy the policy; undefined when it is not satisfied. */
function satisfy(
  policy: SignaturePolicy,
  identities: readonly Signer[],
  used: ReadonlySet<number>,
): ReadonlySet<number> | undefined {
  if ('mspId' in policy) {
    const at = identities.findIndex((identity, index) => !used.has(index) && isOne(identity, policy));
    return at < 0 ? undefined : new Set([...used, at]);
  }
  let taken = used;
  let satisfied = 0;
  for (const part of policy.policies) {
    const after = satisfy(part, identities, taken);
    if (after === undefined) continue;
    satisfied += 1;
    taken = after;
  }
  return satisfied >= policy.outOf ? taken : undefined;
}

function isOne(identity: Signer, { mspId, role }: Principal): boolean {
  return identity.mspId === mspId && (role === 'member' || role === identity.role);
}

/** A majority of the organisations' peers, Fabric's default for a chaincode (`MAJORITY Endorsement`). */
export function majorityOf(mspIds: readonly string[]): SignaturePolicy {
  return {
    outOf: Math.floor(mspIds.length / 2) + 1,
    policies: mspIds.map((mspId) => ({ mspId, role: 'peer' })),
  };
}

/** The MSPs that a policy names. */
export function mspsOf(policy: SignaturePolicy): readonly string[] {
  return 'mspId' in policy ? [policy.mspId] : [...new Set(policy.policies.flatMap(mspsOf))];
}
