import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Context } from '../context.ts';
import type { FabricLayout, Peer } from './fabric-layout.ts';

/** Writes a Fabric connection profile for each organisation; paths are relative to its folder. */
export function writeProfiles(context: Context, layout: FabricLayout, fabricVersion: string): readonly string[] {
  return layout.firstPeers.map((peer) => {
    const path = join(layout.folder, `connection-${peer.organization.name.toLowerCase()}.json`);
    writeFileSync(
      path,
      `${JSON.stringify({ ...profile(context, layout, peer), 'x-fabric-version': fabricVersion }, null, 2)}\n`,
    );
    return path;
  });
}

function profile({ configuration, ports, options }: Context, layout: FabricLayout, own: Peer): object {
  const local: Local = (path) => ({ path: relative(layout.folder, path) });
  const { host } = configuration.orderer;
  return {
    name: `medrex-${configuration.channel}`,
    version: '1.0.0',
    client: {
      organization: own.organization.name,
      ...(options.isTlsMutual && { tlsCerts: { client: clientCertificate(own, local) } }),
    },
    organizations: Object.fromEntries(
      layout.firstPeers.map((peer) => [peer.organization.name, organization(peer, layout, local)]),
    ),
    peers: Object.fromEntries(
      layout.peers.map((peer) => [peer.host, endpoint(peer.ports.listen, peer.host, local(join(peer.tls, 'ca.crt')))]),
    ),
    orderers: { [host]: endpoint(ports.orderer, host, local(layout.ordererCa)) },
    channels: {
      [configuration.channel]: {
        orderers: [host],
        peers: Object.fromEntries(
          layout.peers.map((peer) => [
            peer.host,
            { endorsingPeer: true, chaincodeQuery: true, ledgerQuery: true, eventSource: true },
          ]),
        ),
      },
    },
  };
}

const endpoint = (port: number, host: string, tlsCACerts: { path: string }): object => ({
  url: `grpcs://127.0.0.1:${port}`,
  tlsCACerts,
  grpcOptions: { 'ssl-target-name-override': host, hostnameOverride: host },
});

type Local = (path: string) => { path: string };

const clientCertificate = ({ userTls }: Peer, local: Local): object => ({
  certfile: local(join(userTls, 'client.crt')),
  keyfile: local(join(userTls, 'client.key')),
});

function organization(peer: Peer, { peers }: FabricLayout, local: Local): object {
  return {
    mspid: peer.organization.mspId,
    peers: peers.filter(({ organization }) => organization === peer.organization).map(({ host }) => host),
    signedCert: local(join(peer.userMsp, 'signcerts', `User1@${peer.organization.domain}-cert.pem`)),
    adminPrivateKey: local(join(peer.userMsp, 'keystore', 'priv_sk')),
  };
}
