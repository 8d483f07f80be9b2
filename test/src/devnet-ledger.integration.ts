import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DevelopmentNetwork, type NetworkOptions } from '@medrex/devnet';
import { FabricLedger } from '@medrex/fabric';
import { freePort } from '@medrex/contracts/testing';
import { ChaincodeService } from '@medrex/fabric/testing';
import { ContractClient, keyValueChaincode, ledgerContract } from '@medrex/ledger/testing';

describe('the Fabric adapter on the development network', () => {
  let service: ChaincodeService;
  let address: string;
  beforeAll(async () => {
    address = `127.0.0.1:${await freePort()}`;
    service = await ChaincodeService.start({ address, chaincode: keyValueChaincode(), packageId: 'kv' });
  });
  afterAll(() => service.close());

  const open = async (options: NetworkOptions) => {
    const chaincodes = [{ name: 'kv', address, version: '1' }];
    const network = await DevelopmentNetwork.start({ chaincodes, ...options });
    const ledger = await FabricLedger.open({ profile: network.profile, channel: network.channel });
    const close = async (): Promise<void> => {
      await ledger.close();
      await network.close();
    };
    return { ledger, creator: ledger.mspId, close };
  };

  ledgerContract('the development network', (cutter) => open({ cutter }));

  it('distinguishes endorsers at different heights from a nondeterministic chaincode', async () => {
    const { ledger, creator, close } = await open({
      organisations: 2,
      lagMs: { Org2MSP: 1_500 },
      cutter: { batchTimeoutMs: 5 },
    });
    const client = await new ContractClient(ledger, 'kv', creator).start();
    const first = await client.endorse('add', 'n', '1');
    await ledger.submit(first);
    const before = client.blocks.length;
    // The first organisation's peer has the block at once and the second one's lags, so their reads differ.
    let refused: unknown;
    while (refused === undefined && client.blocks.length === before) {
      refused = await client.endorse('add', 'n', '1').then(
        () => undefined,
        (error: unknown) => error,
      );
    }
    expect(refused).toMatchObject({ code: 'ENDORSEMENTS_DIFFER', retryable: true, difference: { kind: 'versions' } });
    // Now both peers have the block.
    await client.until(() => client.blocks.length > before);
    expect((await client.commit(await client.endorse('add', 'n', '1')))[0]?.code).toBe('VALID');
    expect(await client.value('n')).toBe('2');
    await client.stop();
    await close();
  });
});
