import { join } from 'node:path';
import type { Configuration, Organization, Ports } from '../configuration.ts';
import type { Context } from '../context.ts';

/** One peer: whose it is, where it listens and where its files are. */
export interface Peer {
  readonly name: string;
  readonly host: string;
  readonly organization: Organization;
  readonly ports: Ports['peers'][number];
  readonly folder: string;
  readonly msp: string;
  readonly tls: string;
  readonly adminMsp: string;
  readonly userMsp: string;
}

/** Where everything of the Fabric network is. */
export interface FabricLayout {
  readonly folder: string;
  readonly crypto: string;
  readonly channelBlock: string;
  readonly ordererFolder: string;
  readonly ordererMsp: string;
  readonly ordererTls: string;
  readonly ordererCa: string;
  readonly peers: readonly Peer[];
}

export function fabricLayout(context: Context): FabricLayout {
  const { configuration, ports, options } = context;
  const folder = join(context.folder, 'fabric');
  const crypto = join(folder, 'crypto');
  const { domain, host } = configuration.orderer;
  const orderer = join(crypto, 'ordererOrganizations', domain, 'orderers', host);
  return {
    folder,
    crypto,
    channelBlock: join(folder, `${configuration.channel}.block`),
    ordererFolder: join(folder, 'orderer'),
    ordererMsp: join(orderer, 'msp'),
    ordererTls: join(orderer, 'tls'),
    ordererCa: join(orderer, 'tls', 'ca.crt'),
    peers: peers(configuration, ports, options.organizations, folder, crypto),
  };
}

function peers(configuration: Configuration, ports: Ports, count: number, folder: string, crypto: string): Peer[] {
  return configuration.organizations.slice(0, count).map((organization, index) => {
    const own = ports.peers[index];
    if (own === undefined) throw new Error(`deploy/stack.json has no ports for the peer of ${organization.name}`);
    const host = `peer0.${organization.domain}`;
    const base = join(crypto, 'peerOrganizations', organization.domain);
    return {
      name: `peer-${organization.name.toLowerCase()}`,
      host,
      organization,
      ports: own,
      folder: join(folder, `peer-${organization.name.toLowerCase()}`),
      msp: join(base, 'peers', host, 'msp'),
      tls: join(base, 'peers', host, 'tls'),
      adminMsp: join(base, 'users', `Admin@${organization.domain}`, 'msp'),
      userMsp: join(base, 'users', `User1@${organization.domain}`, 'msp'),
    };
  });
}
