import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type { FabricObserver } from '@medrex/fabric';
import { NetworkFiles, WireProxy } from '@medrex/fabric/testing/real-network';
import type { ContractClient } from '@medrex/ledger/testing';
import { OwnFabric } from '../harness/own-fabric.ts';

const flags = ['--orgs', '2', '--peers', '2', '--mutual-tls', '--chaincode', 'none'];
const [pinned, reserve] = ['peer0.org2.example.com', 'peer1.org2.example.com'];

describeReal('FABRIC', 'two organisations with a spare peer each, with mutual TLS', () => {
  const fabric = new OwnFabric({ flags });
  beforeAll(() => fabric.up(), 120_000);
  afterEach(() => fabric.clients.close());
  afterAll(() => fabric.remove(), 60_000);

  /** A client whose pinned peer of the second organisation is behind a proxy, and one with direct access. */
  async function open({ hasReserve, ...observer }: FabricObserver & { readonly hasReserve: boolean }) {
    const other = await fabric.clients.open();
    const proxy = await WireProxy.open(new URL(new NetworkFiles(fabric.profile).profile.peers[pinned]?.url ?? '').host);
    fabric.clients.closes(() => proxy.close());
    const ledger = await fabric.clients.ledgerOn(
      ({ peers, channels }) => {
        const target = peers[pinned];
        if (target !== undefined) target.url = `grpcs://${proxy.address}`;
        if (!hasReserve) delete channels['ehr']?.peers[reserve];
      },
      { limits: { replaceAfterMs: 500, lookEveryMs: 50 }, observer },
    );
    return { client: await fabric.clients.on(ledger, other.chaincode), other, proxy, ledger };
  }

  const comesTo = (client: ContractClient, block: number) =>
    eventually(() => client.blocks.some(({ number }) => number === block), 30_000);

  it('releases a block when the last pinned peer has delivered it', async () => {
    const { client, other, proxy } = await open({ hasReserve: false });
    await client.put('a', '1');
    proxy.silence();
    const { blockNum } = await other.put('a', '2');
    expect(client.blocks.some(({ number }) => number === blockNum)).toBe(false);
    proxy.speak();
    await comesTo(client, blockNum);
  });

  it('pins the spare peer instead of a silent one, and continues', async () => {
    const changes: string[] = [];
    const { client, other, proxy, ledger } = await open({
      hasReserve: true,
      pinned: ({ to }) => void changes.push(to),
    });
    await client.put('a', '1');
    proxy.silence();
    const { blockNum } = await other.put('a', '2');
    await comesTo(client, blockNum);
    expect(changes).toEqual([reserve]);
    expect(ledger.status().peers.at(-1)?.peer).toBe(reserve);
    expect((await client.put('a', '3')).code).toBe('VALID');
  });

  it('loses no block when every connection breaks again and again', async () => {
    const { client, other, proxy } = await open({ hasReserve: false });
    const numbers: number[] = [];
    for (let turn = 0; turn < 10; turn++) {
      numbers.push((await other.put('a', String(turn))).blockNum);
      proxy.cut();
    }
    await comesTo(client, numbers.at(-1) ?? 0);
    const seen = client.blocks.map(({ number }) => number);
    expect(seen).toEqual(seen.map((_, at) => (seen[0] ?? 0) + at));
    expect(seen).toEqual(expect.arrayContaining(numbers));
  });

  it('reports a transaction as retryable when the connection to its peer broke', async () => {
    const { client, proxy } = await open({ hasReserve: true });
    await client.put('a', '1');
    const asked = client.endorse('hang');
    setTimeout(() => proxy.cut(), 100);
    await expect(asked).rejects.toMatchObject({
      code: expect.stringMatching(/LEDGER_UNAVAILABLE|ENDORSEMENT_REFUSED/) as unknown,
    });
    const works = async (): Promise<boolean> =>
      client.put('a', '2').then(
        () => true,
        () => false,
      );
    await eventually(works, 20_000);
  });

  it('refuses clients without a certificate', async () => {
    const { chaincode } = await fabric.clients.open();
    const limits = { blockDeadlineMs: 500, isGatewayUsed: false };
    const ledger = await fabric.clients.ledgerOn((changed) => delete changed.client.tlsCerts, { limits });
    const proposal = { ...(await fabric.clients.open()).proposal('get', 'a'), chaincode };
    await expect(ledger.endorse(proposal)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true });
    await expect(ledger.height()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
  });
});
