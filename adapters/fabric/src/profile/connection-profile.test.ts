import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readChannelProfile } from './connection-profile.ts';

const peer = (port: number, more: object = {}) => ({
  url: `grpcs://10.0.0.1:${port}`,
  tlsCACerts: { path: 'ca.pem' },
  ...more,
});
const profile = {
  version: '1.0.0',
  client: { organization: 'Org1' },
  organizations: {
    Org1: { mspid: 'Org1MSP', peers: ['p0', 'p1'], signedCert: { path: 'c.pem' }, adminPrivateKey: { path: 'k.pem' } },
    Org2: { mspid: 'Org2MSP', peers: ['q0'] },
  },
  peers: {
    p0: peer(7051, { grpcOptions: { 'ssl-target-name-override': 'p0.org1' } }),
    p1: peer(7052),
    q0: { url: 'grpc://10.0.0.2:7051' },
  },
  orderers: { o0: { url: 'grpcs://10.0.0.3:7050', tlsCACerts: { pem: ['one', 'two'] } } },
  channels: {
    ehr: { orderers: ['o0'], peers: { p1: {}, q0: { endorsingPeer: true }, p0: {} } },
    lab: { peers: { q0: { endorsingPeer: false } } },
  },
};

describe('a connection profile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'profile-'));
    await writeFile(join(folder, 'ca.pem'), 'authority');
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const read = async (change: object = {}, channel = 'ehr') => {
    const file = join(folder, 'profile.json');
    await writeFile(file, JSON.stringify({ ...profile, ...change }));
    return readChannelProfile(file, channel);
  };

  it('pins the first peer of each organisation that the channel lists, and keeps the others in reserve', async () => {
    const { organisations, mspId } = await read();
    expect(mspId).toBe('Org1MSP');
    expect(organisations.map((one) => [one.mspId, one.peers.map(({ name }) => name)])).toEqual([
      ['Org1MSP', ['p1', 'p0']],
      ['Org2MSP', ['q0']],
    ]);
  });

  it('contains the address, trusted certificates and name of each target', async () => {
    const { organisations, orderers } = await read();
    expect(organisations[0]?.peers[1]).toEqual({
      name: 'p0',
      address: '10.0.0.1:7051',
      hostname: 'p0.org1',
      trusted: Buffer.from('authority'),
    });
    expect(organisations[1]?.peers[0]).toMatchObject({ address: '10.0.0.2:7051', trusted: undefined });
    expect(orderers).toMatchObject([{ name: 'o0', trusted: Buffer.from('one\ntwo') }]);
  });

  it('resolves paths relative to its own folder', async () => {
    const tlsCerts = { client: { certfile: 'tls.pem', keyfile: { path: 'tls.key' } } };
    const { identity, tls } = await read({ client: { organization: 'Org1', tlsCerts } });
    expect(identity).toEqual({ certificate: join(folder, 'c.pem'), privateKey: join(folder, 'k.pem') });
    expect(tls).toEqual({ certificate: join(folder, 'tls.pem'), privateKey: join(folder, 'tls.key') });
  });

  it.each([
    ['a channel that it does not have', {}, 'nowhere', /no channel nowhere/],
    ['an organisation that it does not have', { client: { organization: 'Org9' } }, 'ehr', /no organization Org9/],
    ['a channel without endorsing peers', {}, 'lab', /no endorsing peer/],
    ['a peer of nobody', { organizations: { Org1: { mspid: 'Org1MSP' } } }, 'ehr', /no organization has the peer/],
    ['an orderer that is not described', { orderers: {} }, 'ehr', /o0 is not described/],
    [
      'TLS without an authority',
      { peers: { ...profile.peers, p0: { url: 'grpcs://h:1' } } },
      'ehr',
      /p0 has no tlsCACerts/,
    ],
    ['another kind of URL', { peers: { ...profile.peers, p0: { url: 'http://h:1' } } }, 'ehr', /grpc:\/\/host:port/],
    [
      'a file that is missing',
      { peers: { ...profile.peers, p0: { url: 'grpcs://h:1', tlsCACerts: { path: 'x' } } } },
      'ehr',
      /ENOENT/,
    ],
  ])('refuses %s, naming the place', async (_, change, channel, message) => {
    await expect(read(change, channel)).rejects.toMatchObject({
      code: 'FABRIC_PROFILE_UNUSABLE',
      message: expect.stringMatching(message) as unknown,
    });
  });
});
