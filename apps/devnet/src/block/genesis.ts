import { common, orderer, peer } from '@hyperledger/fabric-protos';
import type { BlockCutterLimits } from '@medrex/ledger';
import type { Organisation } from '../identity/organisation.ts';
import type { Principal } from '../policy/signature-policy.ts';
import { newBlock } from './block.ts';
import { capabilities, configGroup, implicitPolicy, signaturePolicy } from './config-group.ts';
import { mspConfig } from './msp-config.ts';
import { timestampOf } from './timestamp.ts';

/** The initial configuration of a channel. */
export interface ChannelConfig {
  readonly channel: string;
  readonly peerOrganisations: readonly { readonly organisation: Organisation; readonly port: number }[];
  readonly orderer: { readonly organisation: Organisation; readonly port: number };
  readonly limits: BlockCutterLimits;
}

/** Block 0: the channel configuration, in the layout of `configtxgen -outputBlock`. */
export function genesisBlock(config: ChannelConfig): common.Block {
  const content = new common.Config();
  content.setChannelGroup(channelGroup(config));
  const envelope = new common.ConfigEnvelope();
  envelope.setConfig(content);
  return newBlock({
    previous: undefined,
    data: [configEnvelope(config.channel, envelope).serializeBinary()],
    lastConfig: 0,
  });
}

function configEnvelope(channel: string, content: common.ConfigEnvelope): common.Envelope {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.CONFIG);
  channelHeader.setVersion(1);
  channelHeader.setChannelId(channel);
  channelHeader.setTimestamp(timestampOf(Date.now()));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(new common.SignatureHeader().serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(content.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return envelope;
}

function channelGroup(config: ChannelConfig): common.ConfigGroup {
  const hashing = new common.HashingAlgorithm();
  hashing.setName('SHA256');
  const structure = new common.BlockDataHashingStructure();
  structure.setWidth(0xffff_ffff);
  const addresses = new common.OrdererAddresses();
  addresses.setAddressesList([`127.0.0.1:${config.orderer.port}`]);
  return configGroup({
    groups: { Application: applicationGroup(config), Orderer: ordererGroup(config) },
    values: {
      HashingAlgorithm: hashing,
      BlockDataHashingStructure: structure,
      OrdererAddresses: addresses,
      Capabilities: capabilities('V2_0'),
    },
    policies: metaPolicies(),
  });
}

function applicationGroup({ peerOrganisations }: ChannelConfig): common.ConfigGroup {
  const groups = peerOrganisations.map(({ organisation, port }) => {
    const anchor = new peer.AnchorPeer();
    anchor.setHost('127.0.0.1');
    anchor.setPort(port);
    const anchors = new peer.AnchorPeers();
    anchors.setAnchorPeersList([anchor]);
    const group = configGroup({
      values: { MSP: mspConfig(organisation), AnchorPeers: anchors },
      policies: {
        ...memberPolicies(organisation.mspId, ['admin', 'peer', 'client']),
        Endorsement: roles(organisation.mspId, ['peer']),
      },
    });
    return [organisation.mspId, group] as const;
  });
  return configGroup({
    groups: Object.fromEntries(groups),
    values: { Capabilities: capabilities('V2_5') },
    policies: {
      ...metaPolicies(),
      Endorsement: implicitPolicy('MAJORITY', 'Endorsement'),
      LifecycleEndorsement: implicitPolicy('MAJORITY', 'Endorsement'),
    },
  });
}

function ordererGroup({ orderer: { organisation }, limits }: ChannelConfig): common.ConfigGroup {
  const consensus = new orderer.ConsensusType();
  consensus.setType('model'); // ordered by one process, without one of Fabric's consensus protocols
  const size = new orderer.BatchSize();
  size.setMaxMessageCount(limits.maxMessageCount);
  size.setAbsoluteMaxBytes(limits.absoluteMaxBytes);
  size.setPreferredMaxBytes(limits.preferredMaxBytes);
  const timeout = new orderer.BatchTimeout();
  timeout.setTimeout(`${limits.batchTimeoutMs}ms`);
  const group = configGroup({
    values: { MSP: mspConfig(organisation) },
    policies: memberPolicies(organisation.mspId, ['member']),
  });
  return configGroup({
    groups: { [organisation.mspId]: group },
    values: { ConsensusType: consensus, BatchSize: size, BatchTimeout: timeout, Capabilities: capabilities('V2_0') },
    policies: { ...metaPolicies(), BlockValidation: implicitPolicy('ANY', 'Writers') },
  });
}

const metaPolicies = (): Record<string, common.Policy> => ({
  Readers: implicitPolicy('ANY', 'Readers'),
  Writers: implicitPolicy('ANY', 'Writers'),
  Admins: implicitPolicy('MAJORITY', 'Admins'),
});

function memberPolicies(mspId: string, members: readonly Principal['role'][]): Record<string, common.Policy> {
  return { Readers: roles(mspId, members), Writers: roles(mspId, members), Admins: roles(mspId, ['admin']) };
}

function roles(mspId: string, allowed: readonly Principal['role'][]): common.Policy {
  return signaturePolicy({ outOf: 1, policies: allowed.map((role) => ({ mspId, role })) });
}
