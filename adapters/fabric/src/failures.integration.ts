import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { lifecycleKey, type Block } from '@medrex/ledger';
import { ContractClient } from '@medrex/ledger/testing';
import type { Profile } from './profile/profile-schema.ts';
import { testIdentities } from './testing/identity-fixture.ts';
import { KeyValueNetwork } from './testing/key-value-network.ts';
import { NetworkClients } from './testing/network-clients.ts';

describeReal('FABRIC', 'failures on real peers', (profile) => {
  let network: KeyValueNetwork;
  let clients: NetworkClients;
  beforeAll(async () => {
    network = await KeyValueNetwork.open(profile);
    clients = new NetworkClients(network, profile);
  });
  afterEach(() => clients.close());
  afterAll(async () => {
    await network.close();
  });

  it('reports an operation that hangs as a refusal by timeout, so that a probe decides', async () => {
    const client = await clients.open();
    const refusal = { code: 'ENDORSEMENT_REFUSED', chaincodeMessage: 'timeout expired while executing transaction' };
    await expect(client.endorse('hang')).rejects.toMatchObject(refusal);
  });

  it('reports that a chaincode is missing', async () => {
    const client = await clients.open();
    const proposal = { ...client.proposal('get', 'a'), chaincode: 'nobody' };
    await expect(client.ledger.endorse(proposal)).rejects.toMatchObject({ code: 'CHAINCODE_MISSING' });
    await expect(client.ledger.evaluate(proposal)).rejects.toMatchObject({ code: 'CHAINCODE_MISSING' });
  });

  it('waits for a stopped chaincode, and works with it when it is back', async () => {
    const client = await clients.open();
    await client.put('a', '1');
    await network.serve(false);
    await expect(client.endorse('get', 'a')).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true });
    await network.serve(true);
    await eventually(
      async () =>
        client.value('a').then(
          () => true,
          () => false,
        ),
      20_000,
    );
    expect(await client.value('a')).toBe('1');
  });

  it('refuses a proposal whose id is not made of its nonce and its client', async () => {
    const client = await clients.open();
    const proposal = { ...client.proposal('get', 'a'), txId: 'f'.repeat(64) };
    await expect(client.ledger.endorse(proposal)).rejects.toMatchObject({ code: 'FABRIC_NONCE_MISSING' });
  });

  it('detects an upgrade: outstanding transactions fail by their read of the definition, and the version changes', async () => {
    const client = await clients.open();
    const outstanding = await client.endorse('put', 'a', '1');
    const definition = { name: client.chaincode, packageId: network.packageId, version: '2', sequence: 2 };
    await network.admin.commit(definition);
    await client.ledger.submit(outstanding);
    const codeSeen = () => client.outcomes().find(({ txId }) => txId === outstanding.proposal.txId)?.code;
    await client.until(() => codeSeen() !== undefined);
    expect(codeSeen()).toBe('MVCC_READ_CONFLICT');
    const writes = client.outcomes().flatMap(({ readWriteSet }) => readWriteSet.writes.map(({ key }): string => key));
    expect(writes).toContain(lifecycleKey(client.chaincode));
    expect((await client.endorse('get', 'a')).chaincodeVersion).toBe('2');
  });

  it('uses the gateway of a peer when no orderer answers', async () => {
    const { chaincode } = await clients.open();
    const ledger = await clients.ledgerOn((changed) => unreachable(changed.orderers));
    const client = await clients.on(ledger, chaincode);
    expect((await client.put('a', '1')).code).toBe('VALID');
  });

  it('reports that the network is unavailable when neither an orderer nor the gateway accepts an envelope', async () => {
    const { chaincode } = await clients.open();
    const limits = { isGatewayUsed: false };
    const ledger = await clients.ledgerOn((changed) => unreachable(changed.orderers), { limits });
    const client = await clients.on(ledger, chaincode);
    const endorsement = await client.endorse('put', 'a', '1');
    await expect(ledger.submit(endorsement)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true });
  });

  it('reports that a peer is unavailable', async () => {
    const limits = { blockDeadlineMs: 300 };
    const ledger = await clients.ledgerOn((changed) => unreachable(changed.peers), { limits });
    const client = new ContractClient(ledger, 'kv', ledger.mspId);
    await expect(client.endorse('get', 'a')).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true });
    await expect(ledger.height()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true });
  });

  it('reports that the network does not know its client', async () => {
    const { chaincode } = await clients.open();
    const { files, remove } = await identityFiles(testIdentities.user);
    clients.closes(remove);
    const ledger = await clients.ledgerOn(() => undefined, { identity: files, limits: { blockDeadlineMs: 500 } });
    const client = new ContractClient(ledger, chaincode, ledger.mspId);
    await expect(client.endorse('get', 'a')).rejects.toMatchObject({ code: 'FABRIC_IDENTITY_REFUSED' });
  });

  it('reads every block of the channel from any sender, including configurations', async () => {
    const client = await clients.open();
    await client.put('a', '1');
    const height = await client.ledger.height();
    const blocks: Block[] = [];
    const following = client.ledger.follow(0, (block) => void blocks.push(block));
    await eventually(() => blocks.length >= height, 20_000);
    await following.close();
    expect(blocks.map(({ number }) => number)).toEqual(blocks.map((_, at) => at));
    const chaincodes = new Set(blocks.flatMap(({ transactions }) => transactions.map(({ chaincode }) => chaincode)));
    expect([...chaincodes]).toEqual(expect.arrayContaining(['', '_lifecycle', client.chaincode]));
  });
});

function unreachable(targets: Profile['peers']): void {
  for (const target of Object.values(targets)) target.url = 'grpcs://127.0.0.1:1';
}

async function identityFiles({ certificate, privateKey }: { certificate: string; privateKey: string }) {
  const folder = await mkdtemp(join(tmpdir(), 'fabric-identity-'));
  const files = { certificate: join(folder, 'cert.pem'), privateKey: join(folder, 'key.pem') };
  await writeFile(files.certificate, certificate);
  await writeFile(files.privateKey, privateKey);
  return { files, remove: () => rm(folder, { recursive: true, force: true }) };
}
