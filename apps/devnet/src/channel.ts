import { majorityOf } from './policy/signature-policy.ts';
import { SigningIdentity } from './identity/signing-identity.ts';
import { IdentityRegister } from './identity/identity-register.ts';
import type { Organisations } from './identity/crypto-folder.ts';
import { definitionIn } from './peer/chaincode-definition.ts';
import { ChannelLedger } from './peer/channel-ledger.ts';
import { definitionEnvelope } from './peer/definition-envelope.ts';
import { EndorsementPolicies } from './peer/policy-judge.ts';
import { newBlock } from './block/block.ts';
import { genesisBlock, type ChannelConfig } from './block/genesis.ts';
import type { ChaincodeOption } from './network-options.ts';

export interface ChannelParts {
  readonly directory: string;
  readonly config: ChannelConfig;
  readonly organisations: Organisations;
  readonly chaincodes: readonly ChaincodeOption[];
}

/** The channel with the data shared by its nodes. */
export interface Channel {
  readonly name: string;
  readonly ledger: ChannelLedger;
  readonly register: IdentityRegister;
  readonly ordererIdentity: SigningIdentity;
}

/** Opens or creates a channel, with its configuration in block 0, and adds a block when chaincode definitions change. */
export async function openChannel({ directory, config, organisations, chaincodes }: ChannelParts): Promise<Channel> {
  const { peers, orderer } = organisations;
  const name = config.channel;
  const register = new IdentityRegister(new Map([...peers, orderer].map(({ mspId, ca }) => [mspId, ca.certificate])));
  const majority = majorityOf(peers.map(({ mspId }) => mspId));
  const newPolicyJudge = (): EndorsementPolicies => new EndorsementPolicies(majority);
  const ledger = await ChannelLedger.open(directory, { channel: name, register, newPolicyJudge });
  const ordererIdentity = new SigningIdentity(orderer.mspId, orderer.node.identity);
  if (ledger.height === 0) await ledger.commit(genesisBlock(config));
  await define({ name, ledger, register, ordererIdentity }, organisations, chaincodes);
  return { name, ledger, register, ordererIdentity };
}

async function define(
  channel: Channel,
  { peers }: Organisations,
  chaincodes: readonly ChaincodeOption[],
): Promise<void> {
  const { ledger, name, ordererIdentity } = channel;
  const [first] = peers;
  if (first === undefined) throw new Error('a network has at least one peer organisation');
  const admin = new SigningIdentity(first.mspId, first.admin);
  const endorsers = peers.map(({ mspId, node }) => new SigningIdentity(mspId, node.identity));
  const data: Uint8Array[] = [];
  for (const chaincode of chaincodes) {
    const wanted = {
      name: chaincode.name,
      version: chaincode.version ?? '1.0',
      policy: chaincode.policy ?? majorityOf(peers.map(({ mspId }) => mspId)),
    };
    const found = await definitionIn(ledger.view(), chaincode.name);
    const isSame = found?.version === wanted.version && JSON.stringify(found.policy) === JSON.stringify(wanted.policy);
    if (isSame) continue;
    const definition = { ...wanted, sequence: (found?.sequence ?? 0) + 1 };
    data.push(definitionEnvelope({ channel: name, definition, admin, endorsers }).serializeBinary());
  }
  if (data.length === 0) return;
  const previous = ledger.newest?.getHeader();
  await ledger.commit(newBlock({ previous, data, lastConfig: ledger.lastConfig, signer: ordererIdentity }));
}
