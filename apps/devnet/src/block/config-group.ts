import { common } from '@hyperledger/fabric-protos';
import { policyMessage } from '../policy/policy-message.ts';
import type { SignaturePolicy } from '../policy/signature-policy.ts';

type ImplicitRule = keyof common.ImplicitMetaPolicy.RuleMap;
type Message = { serializeBinary(): Uint8Array };

/** A configuration group of a channel, with Fabric's names for its parts. */
export interface GroupParts {
  readonly groups?: Readonly<Record<string, common.ConfigGroup>>;
  readonly values?: Readonly<Record<string, Message>>;
  readonly policies?: Readonly<Record<string, common.Policy>>;
}

export function configGroup({ groups = {}, values = {}, policies = {} }: GroupParts): common.ConfigGroup {
  const group = new common.ConfigGroup();
  group.setModPolicy('Admins');
  for (const [name, part] of Object.entries(groups)) group.getGroupsMap().set(name, part);
  for (const [name, content] of Object.entries(values)) {
    const value = new common.ConfigValue();
    value.setModPolicy('Admins');
    value.setValue(content.serializeBinary());
    group.getValuesMap().set(name, value);
  }
  for (const [name, content] of Object.entries(policies)) {
    const policy = new common.ConfigPolicy();
    policy.setModPolicy('Admins');
    policy.setPolicy(content);
    group.getPoliciesMap().set(name, policy);
  }
  return group;
}

export function signaturePolicy(policy: SignaturePolicy): common.Policy {
  const message = new common.Policy();
  message.setType(common.Policy.PolicyType.SIGNATURE);
  message.setValue(policyMessage(policy).serializeBinary());
  return message;
}

/** ANY, ALL or the MAJORITY of the groups below. */
export function implicitPolicy(rule: ImplicitRule, name: string): common.Policy {
  const content = new common.ImplicitMetaPolicy();
  content.setRule(common.ImplicitMetaPolicy.Rule[rule]);
  content.setSubPolicy(name);
  const message = new common.Policy();
  message.setType(common.Policy.PolicyType.IMPLICIT_META);
  message.setValue(content.serializeBinary());
  return message;
}

export function capabilities(name: string): common.Capabilities {
  const message = new common.Capabilities();
  message.getCapabilitiesMap().set(name, new common.Capability());
  return message;
}
