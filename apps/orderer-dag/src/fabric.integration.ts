import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually, freePort } from '@medrex/contracts/testing';
import { batchChaincode } from '@medrex/execute-batch';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { chaincodePackage, ChaincodeService, NetworkAdmin } from '@medrex/fabric/testing';
import { deposit } from './testing/operations.ts';
import { OrdererUnderTest } from './testing/orderer-under-test.ts';

describeReal('FABRIC', 'startOrdererDag on real peers', (profile) => {
  const name = `batch-${randomBytes(5).toString('hex')}`;
  let admin: NetworkAdmin;
  let chaincode: ChaincodeService;
  let orderer: OrdererUnderTest;

  beforeAll(async () => {
    admin = await NetworkAdmin.open(profile);
    const address = `127.0.0.1:${await freePort()}`;
    const pack = chaincodePackage('orderer-dag-test', address);
    chaincode = await ChaincodeService.start({
      address,
      packageId: pack.id,
      chaincode: batchChaincode({ name, version: '1', contracts: [assetTransfer] }),
    });
    await admin.install(pack);
    await admin.commit({ name, packageId: pack.id });
  });
  beforeEach(async () => {
    orderer = await OrdererUnderTest.start({
      MEDREX_LEDGER: 'fabric',
      MEDREX_FABRIC_PROFILE: profile,
      MEDREX_CHANNELS: admin.channel,
      MEDREX_CHAINCODE: name,
    });
  });
  afterEach(() => orderer.remove());
  afterAll(async () => {
    await admin.close();
    chaincode.close();
  });

  it('carries operations on hot accounts to outcomes without any conflict', async () => {
    const operations = Array.from({ length: 400 }, (_, at) => deposit(`account-${name}-${at % 4}`));
    for (let from = 0; from < operations.length; from += 50) await orderer.append(operations.slice(from, from + 50));
    const ended = await orderer.outcomes(operations.length);
    expect(ended).toHaveLength(operations.length);
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['applied']));
    expect(await orderer.metric('medrex_orderer_fabric_transactions_total{code="MVCC_READ_CONFLICT"}')).toMatch(/ 0$/);
    expect(await orderer.metric('medrex_orderer_fabric_calls{target="endorser",state="waiting"}')).toMatch(/ 0$/);
    expect(Number((await orderer.metric('medrex_orderer_fabric_identity_days'))?.split(' ')[1])).toBeGreaterThan(0);
  });

  it('waits while the chaincode is down, and dead-letters nothing', async () => {
    await orderer.append([deposit(`gone-${name}`)]);
    await orderer.outcomes(1);
    chaincode.close();
    await orderer.append([deposit(`gone-${name}`), deposit(`gone-${name}`)]);
    await eventually(
      async () => Number((await orderer.metric('medrex_orderer_probes_total{result="failed"}'))?.split(' ')[1]) > 0,
      30_000,
    );
    chaincode = await chaincode.again();
    expect((await orderer.outcomes(3)).map(({ status }) => status)).toEqual(['applied', 'applied', 'applied']);
  });

  it('continues after a restart where it had stopped', async () => {
    await orderer.append([deposit(`again-${name}`)]);
    await orderer.outcomes(1);
    await orderer.end();
    await orderer.append([deposit(`again-${name}`)]);
    await orderer.begin();
    expect((await orderer.outcomes(2)).map(({ status }) => status)).toEqual(['applied', 'applied']);
  });
});
