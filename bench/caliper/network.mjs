// Prints Caliper's network configuration for the stack started by `npm run stack -- up`, or that in MEDREX_STACK_DIR.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const folder = process.env.MEDREX_STACK_DIR ?? join(import.meta.dirname, '..', '..', '.stack');
const { env } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'));
const file = env.MEDREX_FABRIC_PROFILE ?? env.MEDREX_TEST_DEVNET;
const profile = JSON.parse(readFileSync(file, 'utf8'));
const path = (relative) => ({ path: resolve(dirname(file), relative) });
const { mspid, peers, signedCert, adminPrivateKey } = profile.organizations[profile.client.organization];
const network = {
  name: 'medrex stack',
  version: '2.0.0',
  caliper: { blockchain: 'fabric' },
  channels: Object.keys(profile.channels).map((channelName) => ({ channelName, contracts: [{ id: 'medrex' }] })),
  organizations: [
    {
      mspid,
      identities: {
        certificates: [
          { name: 'client', clientPrivateKey: path(adminPrivateKey.path), clientSignedCert: path(signedCert.path) },
        ],
      },
      peers: peers.map((name) => ({
        endpoint: new URL(profile.peers[name].url).host,
        tlsCACerts: path(profile.peers[name].tlsCACerts.path),
        grpcOptions: profile.peers[name].grpcOptions,
      })),
    },
  ],
};
// JSON is valid YAML.
console.log(JSON.stringify(network, undefined, 2));
