import type { ClientDuplexStream } from '@grpc/grpc-js';
import { checkpointers, type Contract } from '@hyperledger/fabric-gateway';
import { common, gateway, orderer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { headerHash, sha256 } from './block/block-header.ts';
import { envelopesOf, numberOf } from './block/block.ts';
import { newEnvelope } from './block/envelope.ts';
import { DevelopmentNetwork } from './development-network.ts';
import { SigningIdentity } from './identity/signing-identity.ts';
import { GatewayClient, readProfile, tlsOf } from './testing/gateway-client.ts';
import { serveAssets } from './testing/serve-contract.ts';

const { SeekBehavior } = orderer.SeekInfo;

describe('the streams of a development network', () => {
  let network: DevelopmentNetwork;
  let client: GatewayClient;
  let contract: Contract;
  let broadcast: InstanceType<typeof orderer.AtomicBroadcastClient>;
  /** Functions that close everything opened, even when a later step fails. */
  const closings: (() => unknown)[] = [];

  beforeAll(async () => {
    const served = await serveAssets();
    closings.push(() => served.stop());
    network = await DevelopmentNetwork.start({ chaincodes: [{ name: 'basic', address: served.address }] });
    closings.push(() => network.close());
    client = new GatewayClient(network.profile);
    closings.push(() => client.close());
    contract = client.network.getContract('basic');
    const [node] = Object.values(readProfile(network.profile).orderers);
    if (node === undefined) throw new Error('the profile has no orderer');
    broadcast = new orderer.AtomicBroadcastClient(node.url.replace('grpcs://', ''), tlsOf(node), {
      'grpc.ssl_target_name_override': node.grpcOptions['ssl-target-name-override'],
    });
    closings.push(() => broadcast.close());
    await contract.submitTransaction('CreateAsset', 'a', 'red', '1', 'ann');
    await contract.submitTransaction('TransferAsset', 'a', 'bea');
  });

  afterAll(async () => {
    for (const close of closings.reverse()) await close();
  });

  it('deliver blocks chained from the configuration block on', async () => {
    const blocks = await take(await client.network.getBlockEvents({ startBlock: 0n }), 4);
    expect(blocks.map(numberOf)).toEqual([0, 1, 2, 3]);
    for (const [at, block] of blocks.entries()) {
      const previous = blocks[at - 1]?.getHeader();
      const expected = previous === undefined ? Buffer.alloc(0) : headerHash(previous);
      expect(Buffer.from(block.getHeader()?.getPreviousHash_asU8() ?? [])).toEqual(expected);
      expect(Buffer.from(block.getHeader()?.getDataHash_asU8() ?? [])).toEqual(sha256(...envelopesOf(block)));
      expect(block.getMetadata()?.getMetadataList_asU8()[2]).toEqual(Uint8Array.of(0));
    }
  });

  it('deliver filtered blocks with validation codes, and events without payload', async () => {
    const [, , created] = await take(await client.network.getFilteredBlockEvents({ startBlock: 0n }), 3);
    const [transaction] = created?.getFilteredTransactionsList() ?? [];
    expect(created?.getNumber()).toBe(2);
    expect(transaction?.getTxValidationCode()).toBe(0);
    const event = transaction?.getTransactionActions()?.getChaincodeActionsList()[0]?.getChaincodeEvent();
    expect(event?.getEventName()).toBe('AssetCreated');
    expect(event?.getPayload_asU8()).toEqual(new Uint8Array(0));
  });

  it('deliver chaincode events from a block on, and behind a checkpoint', async () => {
    const all = await take(await client.network.getChaincodeEvents('basic', { startBlock: 0n }), 2);
    expect(all.map(({ eventName, blockNumber }) => [eventName, blockNumber])).toEqual([
      ['AssetCreated', 2n],
      ['AssetTransferred', 3n],
    ]);
    const checkpoint = checkpointers.inMemory();
    const [first] = all;
    if (first !== undefined) await checkpoint.checkpointChaincodeEvent(first);
    const [next] = await take(await client.network.getChaincodeEvents('basic', { checkpoint }), 1);
    expect(JSON.parse(Buffer.from(next?.payload ?? []).toString())).toEqual({ id: 'a', owner: 'bea' });
  });

  it.each([
    ['oldest', 0, [0], 'SUCCESS'],
    ['newest', 'newest', [3], 'SUCCESS'],
    ['1 to 2', [1, 2], [1, 2], 'SUCCESS'],
    ['3 to 9, not waiting', [3, 9], [3], 'NOT_FOUND'],
    ['2 to 1', [2, 1], [], 'BAD_REQUEST'],
  ] as const)('support seek %s on the orderer', async (_, position, numbers, status) => {
    const stream = broadcast.deliver();
    stream.write(seekEnvelope(position));
    const { blocks, ended } = await untilStatus(stream);
    expect(blocks.map(numberOf)).toEqual(numbers);
    expect(ended).toBe(common.Status[status]);
  });

  it('refuse a seek signed by a stranger', async () => {
    const stream = broadcast.deliver();
    const envelope = seekEnvelope(0);
    envelope.setSignature(Buffer.alloc(70));
    stream.write(envelope);
    expect(await untilStatus(stream)).toEqual({ blocks: [], ended: common.Status.FORBIDDEN });
  });

  it('order the envelopes of one broadcast stream in order of arrival', async () => {
    const sent: string[] = [];
    const statuses: number[] = [];
    const stream = broadcast.broadcast();
    stream.on('data', (response: orderer.BroadcastResponse) => statuses.push(response.getStatus()));
    const ended = new Promise((resolve) => stream.on('end', resolve));
    for (let number = 0; number < 20; number++) {
      const transaction = await contract.newProposal('PutBlind', { arguments: ['same', String(number)] }).endorse();
      const digest = transaction.getDigest();
      const signed = client.gateway.newSignedTransaction(transaction.getBytes(), await client.sign(digest));
      sent.push(signed.getTransactionId());
      stream.write(envelopeOf(signed.getBytes()));
    }
    stream.end();
    await ended;
    expect(statuses).toEqual(sent.map(() => common.Status.SUCCESS));
    await contract.submitTransaction('PutBlind', 'last', 'x');
    const seen: string[] = [];
    const blocks = await client.network.getFilteredBlockEvents({ startBlock: 4n });
    for await (const block of blocks) {
      seen.push(...block.getFilteredTransactionsList().map((transaction) => transaction.getTxid()));
      if (seen.length > sent.length) break;
    }
    blocks.close();
    expect(seen.filter((txId) => sent.includes(txId))).toEqual(sent);
  });

  function seekEnvelope(position: 0 | 'newest' | readonly [number, number]): common.Envelope {
    const info = new orderer.SeekInfo();
    info.setBehavior(SeekBehavior.FAIL_IF_NOT_READY);
    info.setStart(positionOf(typeof position === 'object' ? position[0] : position));
    info.setStop(positionOf(typeof position === 'object' ? position[1] : position));
    const pair = { certificate: client.credentials.toString(), key: pem(client.privateKey) };
    return newEnvelope({
      type: common.HeaderType.DELIVER_SEEK_INFO,
      channel: network.channel,
      data: () => info.serializeBinary(),
      signer: new SigningIdentity(client.mspId, pair),
    });
  }
});

const pem = (key: GatewayClient['privateKey']): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

function positionOf(number: number | 'newest'): orderer.SeekPosition {
  const position = new orderer.SeekPosition();
  if (number === 'newest') position.setNewest(new orderer.SeekNewest());
  else {
    const specified = new orderer.SeekSpecified();
    specified.setNumber(number);
    position.setSpecified(specified);
  }
  return position;
}

async function take<T>(source: AsyncIterable<T> & { close(): void }, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const next of source) if (taken.push(next) === count) break;
  source.close();
  return taken;
}

function envelopeOf(preparedTransaction: Uint8Array): common.Envelope {
  const envelope = gateway.PreparedTransaction.deserializeBinary(preparedTransaction).getEnvelope();
  if (envelope === undefined) throw new Error('the transaction has no envelope');
  return envelope;
}

type DeliverStream = ClientDuplexStream<common.Envelope, orderer.DeliverResponse>;

function untilStatus(stream: DeliverStream): Promise<{ readonly blocks: common.Block[]; readonly ended: number }> {
  const blocks: common.Block[] = [];
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('data', (response: orderer.DeliverResponse) => {
      const block = response.getBlock();
      if (block !== undefined) return void blocks.push(block);
      resolve({ blocks, ended: response.getStatus() });
      stream.end();
    });
  });
}
