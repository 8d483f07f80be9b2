import { common, peer } from '@hyperledger/fabric-protos';
import type { StateKey } from '@medrex/keys';
import { lifecycleKey, lifecycleNamespace, type KeyWrite, type StateView } from '@medrex/ledger';
import { policyMessage, policyOf } from '../policy/policy-message.ts';
import type { SignaturePolicy } from '../policy/signature-policy.ts';

/** A committed chaincode definition. */
export interface ChaincodeDefinition {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly policy: SignaturePolicy;
}

const { lifecycle } = peer;
const fields = ['Sequence', 'EndorsementInfo', 'ValidationInfo', 'Collections'] as const;

const fieldKey = (name: string, field: (typeof fields)[number]): StateKey =>
  field === 'Sequence' ? lifecycleKey(name) : (`namespaces/fields/${name}/${field}` as StateKey);

/** Reads the definition of a chaincode from a state; undefined when there is none. */
export async function definitionIn(view: StateView, name: string): Promise<ChaincodeDefinition | undefined> {
  const keys = [fieldKey(name, 'Sequence'), fieldKey(name, 'EndorsementInfo'), fieldKey(name, 'ValidationInfo')];
  const [sequence, endorsement, validation] = await view.get(lifecycleNamespace, keys);
  if (sequence === undefined || endorsement === undefined || validation === undefined) return undefined;
  const info = lifecycle.ChaincodeEndorsementInfo.deserializeBinary(bytesIn(endorsement.value));
  const rules = lifecycle.ChaincodeValidationInfo.deserializeBinary(bytesIn(validation.value));
  const application = common.ApplicationPolicy.deserializeBinary(rules.getValidationParameter_asU8());
  const policy = application.getSignaturePolicy();
  if (policy === undefined) throw new Error(`chaincode ${name}: the model of Fabric knows signature policies only`);
  return {
    name,
    version: info.getVersion(),
    sequence: lifecycle.StateData.deserializeBinary(sequence.value).getInt64(),
    policy: policyOf(policy),
  };
}

/** The writes of a definition, with the fields of Fabric's `_lifecycle`. */
export function definitionWrites({ name, version, sequence, policy }: ChaincodeDefinition): readonly KeyWrite[] {
  const endorsement = new lifecycle.ChaincodeEndorsementInfo();
  endorsement.setVersion(version);
  endorsement.setEndorsementPlugin('escc');
  const application = new common.ApplicationPolicy();
  application.setSignaturePolicy(policyMessage(policy));
  const validation = new lifecycle.ChaincodeValidationInfo();
  validation.setValidationPlugin('vscc');
  validation.setValidationParameter(application.serializeBinary());
  const metadata = new lifecycle.StateMetadata();
  metadata.setDatatype('ChaincodeDefinition');
  metadata.setFieldsList([...fields]);
  const number = new lifecycle.StateData();
  number.setInt64(sequence);
  return [
    { key: fieldKey(name, 'Sequence'), value: number.serializeBinary() },
    { key: fieldKey(name, 'EndorsementInfo'), value: bytesData(endorsement.serializeBinary()) },
    { key: fieldKey(name, 'ValidationInfo'), value: bytesData(validation.serializeBinary()) },
    { key: fieldKey(name, 'Collections'), value: bytesData(new Uint8Array(0)) },
    { key: `namespaces/metadata/${name}` as StateKey, value: metadata.serializeBinary() },
  ];
}

const bytesIn = (data: Uint8Array): Uint8Array => lifecycle.StateData.deserializeBinary(data).getBytes_asU8();

function bytesData(bytes: Uint8Array): Uint8Array {
  const data = new lifecycle.StateData();
  data.setBytes(bytes);
  return data.serializeBinary();
}
