import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { run } from '../processes/run.ts';
import type { Binaries } from './binaries.ts';
import type { FabricLayout, Peer } from './fabric-layout.ts';

/** Creates the first block of the channel, once. */
export async function makeChannelBlock(context: Context, binaries: Binaries, layout: FabricLayout): Promise<void> {
  if (existsSync(layout.channelBlock)) return;
  const folder = join(layout.folder, 'configtx');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'configtx.yaml'),
    JSON.stringify({ Profiles: { Channel: profile(context, layout) } }, null, 2),
  );
  const unfinished = `${layout.channelBlock}.unfinished`;
  const channel = context.configuration.channel;
  await run(
    binaries.configtxgen,
    ['-configPath', folder, '-profile', 'Channel', '-channelID', channel, '-outputBlock', unfinished],
    context.signal,
  );
  renameSync(unfinished, layout.channelBlock);
}

const signature = (rule: string): object => ({ Type: 'Signature', Rule: rule });
const meta = (rule: string): object => ({ Type: 'ImplicitMeta', Rule: rule });
const metaPolicies = { Readers: meta('ANY Readers'), Writers: meta('ANY Writers'), Admins: meta('MAJORITY Admins') };

/** Endorsement policy: one peer of every organisation. */
export const everyPeer = (firstPeers: readonly Peer[]): string =>
  `${firstPeers.length === 1 ? 'OR' : 'AND'}(${firstPeers.map((peer) => `'${peer.organization.mspId}.peer'`).join(',')})`;

function profile(context: Context, layout: FabricLayout): object {
  return {
    Policies: metaPolicies,
    Capabilities: { V2_0: true },
    Orderer: ordererSection(context, layout),
    Application: {
      Organizations: layout.firstPeers.map(peerOrganization),
      Policies: {
        ...metaPolicies,
        Endorsement: signature(everyPeer(layout.firstPeers)),
        LifecycleEndorsement: signature(everyPeer(layout.firstPeers)),
      },
      Capabilities: { V2_5: true },
    },
  };
}

function ordererSection({ configuration, options, ports }: Context, layout: FabricLayout): object {
  const certificate = join(layout.ordererTls, 'server.crt');
  const { mspId, domain } = configuration.orderer;
  const address = `127.0.0.1:${ports.orderer}`;
  return {
    OrdererType: 'etcdraft',
    BatchTimeout: options.batchTimeout,
    BatchSize: {
      MaxMessageCount: configuration.block.messagesMax,
      AbsoluteMaxBytes: configuration.block.absoluteBytesMax,
      PreferredMaxBytes: configuration.block.preferredBytesMax,
    },
    EtcdRaft: {
      Consenters: [{ Host: '127.0.0.1', Port: ports.orderer, ClientTLSCert: certificate, ServerTLSCert: certificate }],
      // Short ticks, since a single consenter elects itself after ElectionTick of them.
      Options: {
        TickInterval: '100ms',
        ElectionTick: 10,
        HeartbeatTick: 1,
        MaxInflightBlocks: 5,
        SnapshotIntervalSize: '64 MB',
      },
    },
    Organizations: [
      {
        Name: 'Orderer',
        ID: mspId,
        MSPDir: join(layout.crypto, 'ordererOrganizations', domain, 'msp'),
        OrdererEndpoints: [address],
        Policies: {
          Readers: signature(`OR('${mspId}.member')`),
          Writers: signature(`OR('${mspId}.member')`),
          Admins: signature(`OR('${mspId}.admin')`),
        },
      },
    ],
    Policies: { ...metaPolicies, BlockValidation: meta('ANY Writers') },
    Capabilities: { V2_0: true },
  };
}

function peerOrganization(peer: Peer): object {
  const { mspId, name } = peer.organization;
  return {
    Name: name,
    ID: mspId,
    MSPDir: join(peer.msp, '..', '..', '..', 'msp'),
    AnchorPeers: [{ Host: '127.0.0.1', Port: peer.ports.listen }],
    Policies: {
      Readers: signature(`OR('${mspId}.admin','${mspId}.peer','${mspId}.client')`),
      Writers: signature(`OR('${mspId}.admin','${mspId}.client')`),
      Admins: signature(`OR('${mspId}.admin')`),
      Endorsement: signature(`OR('${mspId}.peer')`),
    },
  };
}
