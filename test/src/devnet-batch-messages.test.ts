import { afterEach, describe, expect, it } from '@jest/globals';
import { DevelopmentNetwork, type FabricVersion } from '@medrex/devnet';
import { FabricLedger } from '@medrex/fabric';
import { freePort } from '@medrex/contracts/testing';
import { ChaincodeService } from '@medrex/fabric/testing';
import { ContractClient, keyValueChaincode } from '@medrex/ledger/testing';

describe('batch messages of a chaincode on the development network', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function open(fabric: FabricVersion) {
    const address = `127.0.0.1:${await freePort()}`;
    const service = await ChaincodeService.start({ address, packageId: 'kv', chaincode: keyValueChaincode() });
    closing.push(() => service.close());
    const chaincodes = [{ name: 'kv', address, version: '1' }];
    const network = await DevelopmentNetwork.start({ chaincodes, fabric, cutter: { batchTimeoutMs: 5 } });
    closing.push(() => network.close());
    const ledger = await FabricLedger.open({ profile: network.profile, channel: network.channel });
    closing.push(() => ledger.close());
    const client = await new ContractClient(ledger, 'kv', ledger.mspId).start();
    closing.push(() => client.stop());
    return { service, client };
  }

  it.each([
    ['3.1', { GET_STATE_MULTIPLE: 1, WRITE_BATCH_STATE: 2 }],
    ['2.5', { GET_STATE: 3, PUT_STATE: 2, DEL_STATE: 1 }],
  ] as const)('are handled as in Fabric %s, with the same effect', async (fabric, requests) => {
    const { service, client } = await open(fabric);
    await client.put('a', '1', 'b', '2');
    await client.commit(await client.endorse('delete', 'a'));
    const endorsement = await client.endorse('get', 'a', 'b', 'c');
    expect(JSON.parse(Buffer.from(endorsement.response.payload).toString())).toEqual([null, '2', null]);
    const own = endorsement.readWriteSet.reads.filter(({ key }) => ['a', 'b', 'c'].includes(key));
    expect(own).toEqual([
      { key: 'a', version: undefined },
      { key: 'b', version: { blockNum: client.outcomes()[0]?.blockNum, txNum: 0 } },
      { key: 'c', version: undefined },
    ]);
    expect(service.requests).toEqual(requests);
  });

  it('hold at most the number of keys offered by the peer', async () => {
    const { service, client } = await open('3.1');
    const keys = Array.from({ length: 1_001 }, (_, at) => `k${at}`);
    const { readWriteSet } = await client.endorse('put', ...keys.flatMap((key) => [key, '1']));
    expect(readWriteSet.writes).toHaveLength(keys.length);
    await client.answer('get', ...keys);
    expect(service.requests).toEqual({ WRITE_BATCH_STATE: 2, GET_STATE_MULTIPLE: 2 });
  });
});
