import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { ContractClient } from '@medrex/ledger/testing';
import { FabricLedger } from './fabric-ledger.ts';
import type { FabricObserver } from './fabric-options.ts';
import type { Profile } from './profile/profile-schema.ts';
import { changedProfile } from './testing/changed-profile.ts';
import { NetworkFiles } from './testing/network-files.ts';
import { KeyValueNetwork } from './testing/key-value-network.ts';
import { WireProxy } from './testing/wire-proxy.ts';

describeReal('FABRIC', 'pinned peers that lag, fall silent and come back', (profile) => {
  let network: KeyValueNetwork;
  const closing: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    network = await KeyValueNetwork.open(profile);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await network.close();
  });

  /** A ledger whose last pinned peer is behind a proxy, and one that sees the network as it is. */
  const open = async (observer: FabricObserver = {}) => {
    const direct = await network.ledger();
    const target = lastPinned(new NetworkFiles(profile).profile);
    const proxy = await WireProxy.open(target.address);
    const changed = await changedProfile(profile, (copy) => {
      const found = copy.peers[target.name];
      if (found !== undefined) found.url = `grpcs://${proxy.address}`;
    });
    const limits = { replaceAfterMs: 500, lookEveryMs: 50 };
    const ledger = await FabricLedger.open({ profile: changed.file, channel: network.admin.channel, limits, observer });
    const client = await new ContractClient(ledger, direct.chaincode, ledger.mspId).start();
    const other = await new ContractClient(direct.ledger, direct.chaincode, direct.creator).start();
    closing.push(
      changed.remove,
      direct.close,
      () => proxy.close(),
      () => ledger.close(),
      () => client.stop(),
      () => other.stop(),
    );
    return { client, other, proxy, ledger };
  };

  const { reserves } = lastPinned(new NetworkFiles(profile).profile);
  // Which of the two a network can show is said by its profile; the other one is left out by name.
  const [itAlone, itWithReserve] = reserves > 0 ? [it.skip, it] : [it, it.skip];

  itAlone('releases a block when the last pinned peer has shown it', async () => {
    const { client, other, proxy } = await open();
    await client.put('a', '1');
    proxy.silence();
    const { blockNum } = await other.put('a', '2');
    expect(client.blocks.some(({ number }) => number === blockNum)).toBe(false);
    proxy.speak();
    await eventually(() => client.blocks.some(({ number }) => number === blockNum), 20_000);
  });

  itWithReserve('pins a reserve in the place of a peer that is silent, and goes on', async () => {
    const pinned: string[] = [];
    const { client, other, proxy, ledger } = await open({ pinned: ({ to }) => void pinned.push(to) });
    await client.put('a', '1');
    proxy.silence();
    const { blockNum } = await other.put('a', '2');
    await eventually(() => client.blocks.some(({ number }) => number === blockNum), 30_000);
    expect(pinned).toHaveLength(1);
    expect(ledger.status().peers.at(-1)?.peer).toBe(pinned[0]);
    expect((await client.put('a', '3')).code).toBe('VALID');
  });

  it('loses no block when every connection breaks again and again', async () => {
    const { client, other, proxy } = await open();
    const numbers: number[] = [];
    for (let turn = 0; turn < 10; turn++) {
      numbers.push((await other.put('a', String(turn))).blockNum);
      proxy.cut();
    }
    await eventually(() => client.blocks.some(({ number }) => number === numbers.at(-1)), 30_000);
    const seen = client.blocks.map(({ number }) => number);
    expect(seen).toEqual(seen.map((_, at) => (seen[0] ?? 0) + at));
    expect(seen).toEqual(expect.arrayContaining(numbers));
  });

  it('takes a transaction whose peer broke off for one that may be tried again', async () => {
    const { client, proxy } = await open();
    await client.put('a', '1');
    const asked = client.endorse('hang');
    setTimeout(() => proxy.cut(), 100);
    await expect(asked).rejects.toMatchObject({
      code: expect.stringMatching(/LEDGER_UNAVAILABLE|ENDORSEMENT_REFUSED/) as unknown,
    });
    await eventually(
      async () =>
        client.put('a', '2').then(
          () => true,
          () => false,
        ),
      20_000,
    );
  });
});

/** The pinned peer of the last organisation: name, address, and how many reserves it has. */
function lastPinned({ channels, organizations, peers }: Profile) {
  const names = Object.keys(Object.values(channels)[0]?.peers ?? {});
  const owners = Object.values(organizations).map((owner) => owner.peers.filter((name) => names.includes(name)));
  const last = owners.filter((own) => own.length > 0).at(-1) ?? [];
  const [name = ''] = last;
  return { name, address: new URL(peers[name]?.url ?? '').host, reserves: last.length - 1 };
}
