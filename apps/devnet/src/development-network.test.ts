import { status } from '@grpc/grpc-js';
import { type Contract, type EndorseError } from '@hyperledger/fabric-gateway';
import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DevelopmentNetwork } from './development-network.ts';
import { GatewayClient } from './testing/gateway-client.ts';
import { serveAssets, type ServedContract } from './testing/serve-contract.ts';

const { TxValidationCode } = peer;

describe('a development network with one organisation', () => {
  let served: ServedContract;
  let network: DevelopmentNetwork;
  let client: GatewayClient;
  let contract: Contract;

  beforeAll(async () => {
    served = await serveAssets();
    network = await DevelopmentNetwork.start({
      chaincodes: [
        { name: 'basic', address: served.address },
        { name: 'other', address: served.address },
      ],
    });
    client = new GatewayClient(network.profile);
    contract = client.network.getContract('basic');
  });

  afterAll(async () => {
    client.close();
    await network.close();
    await served.stop();
  });

  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  const evaluate = async (fn: string, ...args: string[]): Promise<string> =>
    text(await contract.evaluateTransaction(fn, ...args));
  const submit = async (fn: string, ...args: string[]): Promise<string> =>
    text(await contract.submitTransaction(fn, ...args));
  const endorse = (fn: string, ...args: string[]) => contract.newProposal(fn, { arguments: args }).endorse();
  const codeOf = async (transaction: Awaited<ReturnType<typeof endorse>>): Promise<number> =>
    (await (await transaction.submit()).getStatus()).code;
  const failure = (work: Promise<unknown>): Promise<EndorseError> =>
    work.then(
      () => Promise.reject(new Error('it did not fail')),
      (error: unknown) => error as EndorseError,
    );

  it('runs a contract of the Fabric samples through @hyperledger/fabric-gateway', async () => {
    expect(JSON.parse(await submit('CreateAsset', 'car', 'blue', '5', 'ann'))).toMatchObject({
      ID: 'car',
      Owner: 'ann',
    });
    expect(await submit('TransferAsset', 'car', 'bea')).toBe('ann');
    expect(JSON.parse(await evaluate('ReadAsset', 'car'))).toMatchObject({ Owner: 'bea' });
    expect(await evaluate('WhoAmI')).toMatch(/^Org1MSP x509::.*CN=User1@org1\.example\.com/);
    await submit('DeleteAsset', 'car');
    expect(await evaluate('AssetExists', 'car')).toBe('false');
  });

  it('reports an error of the contract like the gateway', async () => {
    const evaluated = await failure(contract.evaluateTransaction('ReadAsset', 'nothing'));
    expect(evaluated).toMatchObject({
      code: status.UNKNOWN,
      message: expect.stringContaining('chaincode response 500, The asset nothing does not exist'),
    });
    const endorsed = await failure(endorse('ReadAsset', 'nothing'));
    expect(endorsed).toMatchObject({
      code: status.ABORTED,
      details: [{ mspId: 'Org1MSP', message: 'chaincode response 500, The asset nothing does not exist' }],
    });
  });

  it('invalidates the second of two transactions that read and write one key with MVCC_READ_CONFLICT', async () => {
    await submit('CreateAsset', 'hot', 'red', '1', 'ann');
    const both = await Promise.all([endorse('TransferAsset', 'hot', 'bea'), endorse('TransferAsset', 'hot', 'cem')]);
    const codes: number[] = [];
    for (const transaction of both) codes.push(await codeOf(transaction));
    expect(codes).toEqual([TxValidationCode.VALID, TxValidationCode.MVCC_READ_CONFLICT]);
  });

  it('invalidates a transaction with PHANTOM_READ_CONFLICT when a key was added to a range that it read', async () => {
    await submit('FillAssets', 'p', '3');
    const count = await endorse('CountAssets', 'p', 'q', 'count');
    await submit('CreateAsset', 'p0001x', 'red', '1', 'ann');
    expect(await codeOf(count)).toBe(TxValidationCode.PHANTOM_READ_CONFLICT);
  });

  it('accepts all blind writes of one key as VALID', async () => {
    const both = await Promise.all([endorse('PutBlind', 'blind', 'a'), endorse('PutBlind', 'blind', 'b')]);
    const submitted = await Promise.all(both.map((transaction) => transaction.submit()));
    const results = await Promise.all(submitted.map((commit) => commit.getStatus()));
    expect(results.map(({ code }) => code)).toEqual([TxValidationCode.VALID, TxValidationCode.VALID]);
  });

  it('refuses a proposal whose transaction is on the ledger, and invalidates its copy with DUPLICATE_TXID', async () => {
    const proposal = contract.newProposal('PutBlind', { arguments: ['once', 'a'] });
    const transaction = await proposal.endorse();
    expect(await codeOf(transaction)).toBe(TxValidationCode.VALID);
    expect(await failure(proposal.endorse())).toMatchObject({
      details: [{ message: expect.stringContaining('duplicate transaction found') }],
    });
    const height = network.height;
    await transaction.submit();
    const blocks = await client.network.getBlockEvents({ startBlock: BigInt(height) });
    for await (const block of blocks) {
      expect([...(block.getMetadata()?.getMetadataList_asU8()[2] ?? [])]).toEqual([TxValidationCode.DUPLICATE_TXID]);
      break;
    }
    blocks.close();
  });

  it('answers ranges of any length, rich queries, pages and histories', async () => {
    await submit('FillAssets', 'range', '230');
    expect(await evaluate('CountAssets', 'range', 'rangez', 'count')).toBe('230');
    const query = { selector: { Color: 'red', Size: { $gte: 227 } }, sort: [{ Size: 'desc' }] };
    const found = JSON.parse(await evaluate('QueryAssets', JSON.stringify(query))) as string[];
    expect(found).toEqual(['range0229', 'range0228', 'range0227']);
    const page = JSON.parse(await evaluate('PageOfAssets', 'range', 'rangez', '2', '')) as object;
    expect(page).toEqual({ keys: ['range0000', 'range0001'], bookmark: 'range0002', count: 2 });
    await submit('CreateAsset', 'old', 'red', '1', 'ann');
    await submit('TransferAsset', 'old', 'bea');
    await submit('DeleteAsset', 'old');
    expect(JSON.parse(await evaluate('HistoryOf', 'old'))).toEqual([null, 'bea', 'ann']);
  });

  it('commits the writes of a chaincode and of the chaincode that it calls', async () => {
    await submit('CallOther', 'other', JSON.stringify(['PutBlind', 'far', 'away']));
    const other = client.network.getContract('other');
    expect(text(await other.evaluateTransaction('AssetExists', 'far'))).toBe('true');
    expect(await evaluate('AssetExists', 'far')).toBe('false');
  });

  it('fails a proposal to a chaincode that is not on the channel', async () => {
    const missing = client.network.getContract('missing');
    expect(await failure(missing.evaluateTransaction('AnyThing'))).toMatchObject({
      code: status.ABORTED,
      details: [{ message: expect.stringContaining('make sure the chaincode missing has been successfully defined') }],
    });
  });

  it('reports refusals of the orderer', async () => {
    const transaction = await endorse('PutBlind', 'signed', 'badly');
    const bytes = transaction.getBytes();
    const bad = client.gateway.newSignedTransaction(bytes, Buffer.from('no signature'));
    expect(await failure(bad.submit())).toMatchObject({
      code: status.ABORTED,
      message: expect.stringContaining('status=FORBIDDEN, info=permission denied'),
    });
  });
});
