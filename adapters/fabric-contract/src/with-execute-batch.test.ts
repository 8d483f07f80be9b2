import './testing/quiet-shim.ts';
import { afterEach, describe, expect, it } from '@jest/globals';
import { decodeResults, type OperationResult } from '@medrex/execute-batch';
import { type CommittedState, InMemoryStub } from '@medrex/execute-batch/testing';
import type { StateKey } from '@medrex/keys';
import { Contract, type Context } from 'fabric-contract-api';
import { decodeBatchEvent } from './batch-event.ts';
import type { ContractClass } from './contract-class.ts';
import { serveContracts } from './serve-contracts.ts';
import { AssetTransfer } from './testing/asset-transfer-contract.ts';
import { type CallOperation, callItem } from './testing/call-operation.ts';
import { freeAddress } from './testing/free-address.ts';
import { RemoteChaincode } from './testing/remote-chaincode.ts';
import { withExecuteBatch } from './with-execute-batch.ts';

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

/** The contracts behind a server and a peer's side that talks to it. */
async function served(
  contracts: ContractClass[],
  options: { readonly batchMax?: number; readonly isUnrecorded?: boolean } = {},
) {
  const address = await freeAddress();
  const server = await serveContracts(contracts, { address, chaincodeId: 'assets_1:abc' });
  const chaincode = new RemoteChaincode({ address, ...options });
  open.push(
    () => chaincode.close(),
    () => server.close(),
  );
  return chaincode;
}

class EventStub extends InMemoryStub {
  event: { readonly name: string; readonly payload: Uint8Array } | undefined;
  override setEvent(name?: string, payload?: Uint8Array): void {
    this.event = { name: name ?? '', payload: payload ?? new Uint8Array() };
  }
}

async function batch(
  chaincode: RemoteChaincode,
  state: CommittedState,
  calls: readonly CallOperation[],
  txId = 'tx1',
): Promise<{ readonly results: OperationResult[]; readonly stub: EventStub }> {
  const stub = new EventStub(state, txId);
  const response = await chaincode.invoke(stub, 'executeBatch', calls.map(callItem));
  if (response.status !== 200) throw new Error(response.message);
  stub.commit();
  return { results: decodeResults(response.payload), stub };
}

async function single(chaincode: RemoteChaincode, state: CommittedState, fn: string, args: readonly string[]) {
  const stub = new EventStub(state, 'single');
  const response = await chaincode.invoke(
    stub,
    fn,
    args.map((arg) => Buffer.from(arg)),
  );
  if (response.status === 200) stub.commit();
  return { ...response, text: Buffer.from(response.payload).toString(), event: stub.event };
}

const create = (opId: string, id: string, owner: string, value = '10'): CallOperation => ({
  opId,
  fn: 'CreateAsset',
  args: [id, 'red', '5', owner, value],
  keys: { [id]: 'readWrite' },
});
const transfer = (opId: string, id: string, to: string): CallOperation => ({
  opId,
  fn: 'TransferAsset',
  args: [id, to],
  keys: { [id]: 'readWrite' },
});
const owner = (state: CommittedState, id: string): string =>
  (JSON.parse(Buffer.from(state.get(id as StateKey)!).toString()) as { readonly Owner: string }).Owner;

describe('a contract of fabric-contract-api with executeBatch', () => {
  it('reads its operations from transient data, which is in no block', async () => {
    const state: CommittedState = new Map();
    const chaincode = await served([withExecuteBatch(AssetTransfer)], { isUnrecorded: true });
    const { results } = await batch(chaincode, state, [create('o1', 'a1', 'ann'), transfer('o2', 'a1', 'bea')]);
    expect(results.map(({ code }) => code)).toEqual(['OK', 'OK']);
    expect(owner(state, 'a1')).toBe('bea');
  });

  it('runs its functions as operations of one transaction, each seeing the writes of earlier ones', async () => {
    const state: CommittedState = new Map();
    const chaincode = await served([withExecuteBatch(AssetTransfer)]);
    const { results } = await batch(chaincode, state, [
      create('a', 'a1', 'ann'),
      transfer('b', 'a1', 'ben'),
      transfer('c', 'a1', 'cat'),
    ]);
    expect(results.map(({ status, detail }) => [status, detail])).toEqual([
      ['applied', expect.stringContaining('"Owner":"ann"')],
      ['applied', 'ann'],
      ['applied', 'ben'],
    ]);
    expect(owner(state, 'a1')).toBe('cat');
  });

  it('rejects operations that the contract refuses, ends those with a bug as dead, and keeps no writes of either', async () => {
    class Mistaken extends AssetTransfer {
      async Forget(ctx: Context, id: string): Promise<void> {
        await ctx.stub.putState(id, Buffer.from('{}'));
        (undefined as unknown as Contract).getName();
      }
      async Refuse(ctx: Context, id: string): Promise<void> {
        await ctx.stub.putState(id, Buffer.from('{}'));
        throw new Error('not today');
      }
    }
    class Whole extends Mistaken {
      override async Forget(ctx: Context, id: string): Promise<void> {
        return super.Forget(ctx, id);
      }
      override async Refuse(ctx: Context, id: string): Promise<void> {
        return super.Refuse(ctx, id);
      }
    }
    const state: CommittedState = new Map();
    const chaincode = await served([withExecuteBatch(Whole)]);
    const { results } = await batch(chaincode, state, [
      { opId: 'a', fn: 'Refuse', args: ['x'], contract: 'Whole' },
      { opId: 'b', fn: 'Forget', args: ['y'], contract: 'Whole' },
      { opId: 'c', fn: 'NoSuchFunction', args: [], contract: 'Whole' },
      { opId: 'd', fn: 'Refuse', args: [], contract: 'Whole' },
    ]);
    expect(results).toMatchObject([
      { status: 'rejected', code: 'CONTRACT_REJECTED', message: 'not today' },
      { status: 'dead', code: 'CONTRACT_ERROR', message: 'contract Whole threw TypeError' },
      { status: 'rejected', code: 'CONTRACT_REJECTED', message: expect.stringContaining('NoSuchFunction') },
      { status: 'rejected', message: 'Expected 1 parameters, but 0 have been supplied' },
    ]);
    expect([...state.keys()].filter((key) => !key.startsWith('sys~'))).toEqual([]);
  });

  it('answers an operation that comes again from its record', async () => {
    const state: CommittedState = new Map();
    const chaincode = await served([withExecuteBatch(AssetTransfer)]);
    await batch(chaincode, state, [create('a', 'a1', 'ann')]);
    const { results } = await batch(chaincode, state, [create('a', 'a1', 'ann'), transfer('b', 'a1', 'ben')], 'tx2');
    expect(results).toMatchObject([{ status: 'applied', isRepeat: true, txId: 'tx1' }, { status: 'applied' }]);
    expect(JSON.parse((await single(chaincode, state, 'readRecord', ['a'])).text)).toMatchObject({ s: 'applied' });
  });

  it('sets one event with all settled operations, and the events of applied ones', async () => {
    const state: CommittedState = new Map();
    const chaincode = await served([withExecuteBatch(AssetTransfer)]);
    const { stub } = await batch(chaincode, state, [create('a', 'a1', 'ann'), transfer('b', 'none', 'ben')]);
    expect(stub.event?.name).toBe('executeBatch');
    expect(decodeBatchEvent(stub.event!.payload)).toEqual([
      { opId: 'a', status: 'applied', code: 'OK', event: { name: 'AssetCreated', payload: Buffer.from('a1') } },
      { opId: 'b', status: 'rejected', code: 'CONTRACT_REJECTED' },
    ]);
  });

  it('includes writes of earlier operations in a range, in order, and no records', async () => {
    const state: CommittedState = new Map();
    const chaincode = await served([withExecuteBatch(AssetTransfer)]);
    await batch(chaincode, state, [create('a', 'a1', 'ann'), create('b', 'a3', 'ben'), create('c', 'a5', 'cat')]);
    const { results } = await batch(chaincode, state, [
      { opId: 'd', fn: 'DeleteAsset', args: ['a3'] },
      create('e', 'a4', 'dan'),
      { opId: 'f', fn: 'GetAllAssets', args: [] },
    ]);
    const all = JSON.parse(results[2]!.detail as string) as { readonly ID: string }[];
    expect(all.map(({ ID }) => ID)).toEqual(['a1', 'a4', 'a5']);
    expect(results[2]!.undeclared.map(({ key, mode }) => [key, mode])).toEqual([
      ['a1', 'read'],
      ['a4', 'read'],
      ['a5', 'read'],
    ]);
  });

  it('gives an operation its own id and time', async () => {
    class Clock extends Contract {
      async Tell(ctx: Context): Promise<string> {
        const { seconds, nanos } = ctx.stub.getTxTimestamp();
        const parts = [ctx.stub.getTxID(), ctx.stub.getDateTimestamp().toISOString(), seconds.toString(), nanos];
        return [...parts, ctx.clientIdentity.getMSPID(), ctx.stub.getFunctionAndParameters().fcn].join(' ');
      }
    }
    const chaincode = await served([withExecuteBatch(Clock)]);
    const call = { opId: 'a', fn: 'Tell', args: [], contract: 'Clock', time: '2024-05-01T10:00:00.250Z' };
    const { results } = await batch(chaincode, new Map(), [call]);
    expect(results[0]!.detail).toBe('a 2024-05-01T10:00:00.250Z 1714557600 250000000 Org1MSP Tell');
  });

  it('refuses calls that a batch cannot support, even if the contract ignores the error', async () => {
    class Curious extends Contract {
      async Ask(ctx: Context): Promise<string> {
        try {
          await ctx.stub.getQueryResult('{"selector":{}}');
        } catch {
          // It continues with the missing value.
        }
        return 'fine';
      }
    }
    const chaincode = await served([withExecuteBatch(Curious)]);
    const { results } = await batch(chaincode, new Map(), [{ opId: 'a', fn: 'Ask', args: [], contract: 'Curious' }]);
    expect(results).toMatchObject([{ status: 'rejected', code: 'UNSUPPORTED_IN_BATCH' }]);
  });
});

describe('the functions of the contract', () => {
  it.each([
    ['as they were', AssetTransfer],
    ['beside executeBatch', withExecuteBatch(AssetTransfer)],
  ])('answer other clients %s', async (_how, contract) => {
    const state: CommittedState = new Map();
    const chaincode = await served([contract]);
    const created = await single(chaincode, state, 'CreateAsset', ['a1', 'red', '5', 'ann', '10']);
    expect(created).toMatchObject({ status: 200, event: { name: 'AssetCreated' } });
    expect(await single(chaincode, state, 'AssetTransfer:TransferAsset', ['a1', 'ben'])).toMatchObject({ text: 'ann' });
    expect(await single(chaincode, state, 'TransferAsset', ['a2', 'ben'])).toMatchObject({
      status: 500,
      message: 'asset a2 is not there',
    });
    expect(await single(chaincode, state, 'TransferAsset', ['a1'])).toMatchObject({ status: 500 });
    expect(JSON.parse((await single(chaincode, state, 'GetAllAssets', [])).text)).toMatchObject([{ Owner: 'ben' }]);
  });

  it('find no operation records among their assets', async () => {
    const state: CommittedState = new Map();
    const chaincode = await served([withExecuteBatch(AssetTransfer)]);
    await batch(chaincode, state, [create('a', 'a1', 'ann')]);
    expect(JSON.parse((await single(chaincode, state, 'GetAllAssets', [])).text)).toMatchObject([{ ID: 'a1' }]);
  });
});
