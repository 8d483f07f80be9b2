import { join } from 'node:path';
import type { Organization, Ports } from '../configuration.ts';
import type { Context } from '../context.ts';

/** One peer: its organisation, addresses and files. */
export interface Peer {
  readonly name: string;
  readonly host: string;
  readonly organization: Organization;
  readonly ports: Ports['peers'][number];
  readonly folder: string;
  readonly msp: string;
  readonly tls: string;
  readonly adminMsp: string;
  readonly adminTls: string;
  readonly userMsp: string;
  readonly userTls: string;
  /** Whether it is the first of its organisation, which clients use. */
  readonly isFirst: boolean;
}

/** Folders, addresses and peers of the Fabric network. */
export interface FabricLayout {
  readonly folder: string;
  readonly crypto: string;
  readonly channelBlock: string;
  readonly ordererFolder: string;
  readonly ordererMsp: string;
  readonly ordererTls: string;
  readonly ordererCa: string;
  readonly peers: readonly Peer[];
  /** The first peer of each organisation. */
  readonly firstPeers: readonly Peer[];
}

export function fabricLayout(context: Context): FabricLayout {
  const { configuration, ports, options } = context;
  const folder = join(context.folder, 'fabric');
  const crypto = join(folder, 'crypto');
  const { domain, host } = configuration.orderer;
  const peers = Array.from({ length: options.peers }, (_, place) =>
    peersAt(place, { configuration, ports, options, folder, crypto }),
  );
  const orderer = join(crypto, 'ordererOrganizations', domain, 'orderers', host);
  return {
    folder,
    crypto,
    channelBlock: join(folder, `${configuration.channel}.block`),
    ordererFolder: join(folder, 'orderer'),
    ordererMsp: join(orderer, 'msp'),
    ordererTls: join(orderer, 'tls'),
    ordererCa: join(orderer, 'tls', 'ca.crt'),
    peers: peers.flat(),
    firstPeers: peers[0] ?? [],
  };
}

interface PeerParts extends Pick<Context, 'configuration' | 'ports' | 'options'> {
  readonly folder: string;
  readonly crypto: string;
}

/** The peers at a place (first or second) in their organisation. */
function peersAt(place: number, { configuration, ports, options, folder, crypto }: PeerParts): Peer[] {
  const portsOfPlace = place === 0 ? ports.peers : ports.reservePeers;
  return configuration.organizations.slice(0, options.organizations).map((organization, index) => {
    const own = portsOfPlace[index];
    if (own === undefined) throw new Error(`deploy/stack.json has no ports for peer ${place} of ${organization.name}`);
    const host = `peer${place}.${organization.domain}`;
    const name = `peer-${organization.name.toLowerCase()}${place === 0 ? '' : `-${place}`}`;
    const base = join(crypto, 'peerOrganizations', organization.domain);
    const user = (who: string, what: string): string => join(base, 'users', `${who}@${organization.domain}`, what);
    return {
      name,
      host,
      organization,
      ports: own,
      isFirst: place === 0,
      folder: join(folder, name),
      msp: join(base, 'peers', host, 'msp'),
      tls: join(base, 'peers', host, 'tls'),
      adminMsp: user('Admin', 'msp'),
      adminTls: user('Admin', 'tls'),
      userMsp: user('User1', 'msp'),
      userTls: user('User1', 'tls'),
    };
  });
}
