import { common, msp } from '@hyperledger/fabric-protos';
import type { Principal, SignaturePolicy } from './signature-policy.ts';

const roleNumbers = {
  member: msp.MSPRole.MSPRoleType.MEMBER,
  admin: msp.MSPRole.MSPRoleType.ADMIN,
  client: msp.MSPRole.MSPRoleType.CLIENT,
  peer: msp.MSPRole.MSPRoleType.PEER,
  orderer: msp.MSPRole.MSPRoleType.ORDERER,
} as const;

/** Encodes a policy as `common.SignaturePolicyEnvelope`. */
export function policyMessage(policy: SignaturePolicy): common.SignaturePolicyEnvelope {
  const principals: Principal[] = [];
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setRule(ruleOf(policy, principals));
  envelope.setIdentitiesList(principals.map(principalMessage));
  return envelope;
}

/** Decodes a `common.SignaturePolicyEnvelope`. @throws Error when it has principals other than roles */
export function policyOf(envelope: common.SignaturePolicyEnvelope): SignaturePolicy {
  const principals = envelope.getIdentitiesList().map(principalOf);
  const rule = envelope.getRule();
  if (rule === undefined) throw new Error('the policy has no rule');
  return ruleFrom(rule, principals);
}

function ruleOf(policy: SignaturePolicy, principals: Principal[]): common.SignaturePolicy {
  const rule = new common.SignaturePolicy();
  if ('mspId' in policy) {
    const known = principals.findIndex(({ mspId, role }) => mspId === policy.mspId && role === policy.role);
    rule.setSignedBy(known < 0 ? principals.push(policy) - 1 : known);
    return rule;
  }
  const parts = new common.SignaturePolicy.NOutOf();
  parts.setN(policy.outOf);
  parts.setRulesList(policy.policies.map((part) => ruleOf(part, principals)));
  rule.setNOutOf(parts);
  return rule;
}

function principalMessage({ mspId, role }: Principal): msp.MSPPrincipal {
  const content = new msp.MSPRole();
  content.setMspIdentifier(mspId);
  content.setRole(roleNumbers[role]);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(content.serializeBinary());
  return principal;
}

function principalOf(principal: msp.MSPPrincipal): Principal {
  if (principal.getPrincipalClassification() !== msp.MSPPrincipal.Classification.ROLE) {
    throw new Error('the model of Fabric knows principals by role only');
  }
  const content = msp.MSPRole.deserializeBinary(principal.getPrincipal_asU8());
  const role = (Object.keys(roleNumbers) as Principal['role'][]).find(
    (name) => roleNumbers[name] === content.getRole(),
  );
  return { mspId: content.getMspIdentifier(), role: role ?? 'member' };
}

function ruleFrom(rule: common.SignaturePolicy, principals: readonly Principal[]): SignaturePolicy {
  const parts = rule.getNOutOf();
  if (parts !== undefined) {
    return { outOf: parts.getN(), policies: parts.getRulesList().map((part) => ruleFrom(part, principals)) };
  }
  const principal = principals[rule.getSignedBy()];
  if (principal === undefined) throw new Error(`the policy has no identity ${rule.getSignedBy()}`);
  return principal;
}
