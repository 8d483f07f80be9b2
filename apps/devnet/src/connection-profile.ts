import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { devnetLabel } from './devnet-label.ts';
import { certificateFile, keyFile, userMspFolder, type Organisations } from './identity/crypto-folder.ts';
import type { Organisation } from './identity/organisation.ts';

export interface ProfileParts {
  readonly folder: string;
  readonly channel: string;
  readonly organisations: Organisations;
  readonly peerPorts: readonly number[];
  readonly ordererPort: number;
}

/** A connection profile in the format of the Fabric samples; paths are relative to its folder. */
export function connectionProfile({ channel, organisations, peerPorts, ordererPort }: ProfileParts): object {
  const { peers, orderer } = organisations;
  return {
    name: 'medrex-devnet',
    description: 'Model of Fabric in one Node process; not a Fabric network',
    'x-network-label': devnetLabel,
    version: '1.0.0',
    client: { organization: 'Org1', connection: { timeout: { peer: { endorser: '300' } } } },
    organizations: Object.fromEntries(
      peers.map((organisation, at) => [`Org${at + 1}`, organisationPart(organisation)]),
    ),
    peers: Object.fromEntries(
      peers.map(({ node, tlsCa }, at) => [node.name, nodePart(node.name, peerPorts[at] ?? 0, tlsCa.certificate)]),
    ),
    orderers: { [orderer.node.name]: nodePart(orderer.node.name, ordererPort, orderer.tlsCa.certificate) },
    channels: {
      [channel]: {
        orderers: [orderer.node.name],
        peers: Object.fromEntries(peers.map(({ node }) => [node.name, { endorsingPeer: true }])),
      },
    },
  };
}

/** Writes the profile and returns its path. */
export function writeConnectionProfile(parts: ProfileParts): string {
  const path = join(parts.folder, 'connection.json');
  writeFileSync(path, `${JSON.stringify(connectionProfile(parts), undefined, 2)}\n`);
  return path;
}

function organisationPart(organisation: Organisation): object {
  const msp = userMspFolder(organisation, 'User1');
  return {
    mspid: organisation.mspId,
    peers: [organisation.node.name],
    signedCert: { path: join(msp, certificateFile('User1', organisation)) },
    adminPrivateKey: { path: join(msp, keyFile) },
  };
}

function nodePart(name: string, port: number, tlsCa: string): object {
  return {
    url: `grpcs://127.0.0.1:${port}`,
    tlsCACerts: { pem: tlsCa },
    grpcOptions: { 'ssl-target-name-override': name, hostnameOverride: name },
  };
}
