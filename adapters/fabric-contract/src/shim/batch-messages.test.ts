import '../testing/quiet-shim.ts';
import { afterEach, describe, expect, it } from '@jest/globals';
import { peer } from '@hyperledger/fabric-protos';
import { batchChaincode, decodeResults, encodeOperation, operationItem } from '@medrex/execute-batch';
import { assetOperations, assetTransfer, type CommittedState, InMemoryStub } from '@medrex/execute-batch/testing';
import { Contract } from 'fabric-contract-api';
import fc from 'fast-check';
import { serveContracts } from '../serve-contracts.ts';
import { freeAddress } from '../testing/free-address.ts';
import { RemoteChaincode } from '../testing/remote-chaincode.ts';
import { withExecuteBatch } from '../with-execute-batch.ts';
import {
  decodeGetStateMultipleResult,
  decodeOffer,
  encodeGetStateMultiple,
  encodeWriteBatch,
  noOffer,
} from './batch-message-codec.ts';
import { batchMessagesWork } from './batch-messages.ts';
import { selfTest } from './batch-messages-self-test.ts';
import { ChaincodeMessageHandler, knownShimVersion, type ShimHandler, shimVersion } from './shim-internals.ts';

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

class Carrier extends Contract {}
const carrier = () => withExecuteBatch(Carrier, { contracts: [assetTransfer], isForeign: false });

async function served(batchMax?: number): Promise<RemoteChaincode> {
  const address = await freeAddress();
  const server = await serveContracts([carrier()], { address, chaincodeId: 'medrex_1:abc' });
  const chaincode = new RemoteChaincode({ address, ...(batchMax === undefined ? {} : { batchMax }) });
  open.push(
    () => chaincode.close(),
    () => server.close(),
  );
  return chaincode;
}

const embedded = batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
const key = fc.string({ minLength: 1, maxLength: 40 });

describe('batch messages', () => {
  it('are readable by the protobuf classes of a newer fabric-protos', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ key, value: fc.option(bytes, { nil: undefined }) })), (writes) => {
        const read = peer.WriteBatchState.deserializeBinary(encodeWriteBatch(writes)).getRecList();
        const { PUT_STATE, DEL_STATE } = peer.WriteRecord.Type;
        expect(read.map((one) => [one.getKey(), one.getType(), Buffer.from(one.getValue_asU8())])).toEqual(
          writes.map((one) => [
            Buffer.from(one.key).toString(),
            one.value === undefined ? DEL_STATE : PUT_STATE,
            Buffer.from(one.value ?? []),
          ]),
        );
      }),
    );
    fc.assert(
      fc.property(fc.array(key), (keys) => {
        const read = peer.GetStateMultiple.deserializeBinary(encodeGetStateMultiple(keys)).getKeysList();
        expect(read).toEqual(keys.map((one) => Buffer.from(one).toString()));
      }),
    );
  });

  it('decode values and offers written by those classes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (values) => {
        const result = new peer.GetStateMultipleResult();
        result.setValuesList(values);
        const read = decodeGetStateMultipleResult(result.serializeBinary());
        expect(read.map((one) => Buffer.from(one))).toEqual(values.map((one) => Buffer.from(one)));
      }),
    );
    const offer = new peer.ChaincodeAdditionalParams();
    offer.setUseWriteBatch(true);
    offer.setMaxSizeWriteBatch(1_000);
    offer.setMaxSizeGetMultipleKeys(700);
    expect(decodeOffer(offer.serializeBinary())).toEqual({ writesMax: 1_000, readKeysMax: 0 });
    expect(decodeOffer(Buffer.from('no message'))).toEqual(noOffer);
    expect(decodeOffer(new Uint8Array())).toEqual(noOffer);
  });

  it('are used with the reviewed version of the shim, which is installed', async () => {
    expect(shimVersion).toBe(knownShimVersion);
    expect(await batchMessagesWork()).toBe(true);
  });

  it.each<[string, (this: ShimHandler, ...args: Parameters<ShimHandler['_askPeerAndListen']>) => Promise<unknown>]>([
    ['takes a message and never sends it', () => Promise.resolve(Buffer.from('what the peer says'))],
    ['is gone', undefined as never],
    ['refuses', () => Promise.reject(new Error('what the peer says'))],
  ])('are not used when the method of the shim %s', async (_how, changed) => {
    const prototype = ChaincodeMessageHandler.prototype as { _askPeerAndListen: unknown };
    const before = prototype._askPeerAndListen;
    prototype._askPeerAndListen = changed;
    try {
      expect(await selfTest()).toBe(false);
    } finally {
      prototype._askPeerAndListen = before;
    }
  });

  it('contain reads and writes in parts if the peer offers them; otherwise single messages are used', async () => {
    const operations = Array.from(
      { length: 7 },
      (_, at) => fc.sample(assetOperations(), { seed: 1, numRuns: 1 })[0]![at]!,
    );
    const items = operations.map((operation) => operationItem(encodeOperation(operation)));
    const by = { read: 'GET_STATE', write: 'PUT_STATE', reads: 'GET_STATE_MULTIPLE', writes: 'WRITE_BATCH_STATE' };
    const inBatches = await served(4);
    await inBatches.invoke(new InMemoryStub(new Map()), 'executeBatch', items);
    expect(inBatches.heard.filter((type) => type === by.reads).length).toBeGreaterThan(1);
    expect(inBatches.heard.filter((type) => type === by.writes).length).toBeGreaterThan(1);
    expect(inBatches.heard).not.toContain(by.write);
    const singly = await served();
    await singly.invoke(new InMemoryStub(new Map()), 'executeBatch', items);
    expect(singly.heard.filter((type) => type === by.read).length).toBeGreaterThan(6);
    expect(singly.heard).toContain(by.write);
    expect(singly.heard).not.toContain(by.reads);
    expect(singly.heard).not.toContain(by.writes);
  });
});

describe('the chaincode server', () => {
  it.each([
    ['single messages', undefined],
    ['batch messages', 5],
  ])('comes, with %s, to the state and the bytes of the embedded chaincode, twice the same', async (_how, batchMax) => {
    const remote = await served(batchMax);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(assetOperations({ maxLength: 20 }), fc.integer({ min: 1, max: 8 }), async (operations, size) => {
        const states: readonly CommittedState[] = [new Map<never, never>(), new Map<never, never>()];
        for (let at = 0; at < operations.length; at += size) {
          const items = operations.slice(at, at + size).map((one) => operationItem(encodeOperation(one)));
          const txId = `tx${(run += 1)}`;
          const [here, there] = states.map((state) => new InMemoryStub(state, txId)) as [InMemoryStub, InMemoryStub];
          const expected = await embedded.invoke(here, 'executeBatch', items);
          const actual = await remote.invoke(there, 'executeBatch', items);
          expect(Buffer.from(actual.payload).toString()).toBe(Buffer.from(expected.payload).toString());
          expect(new Set(there.reads)).toEqual(new Set(here.reads));
          const again = new InMemoryStub(states[1]!, txId);
          expect((await remote.invoke(again, 'executeBatch', items)).payload).toEqual(actual.payload);
          expect([...again.writes]).toEqual([...there.writes]);
          here.commit();
          there.commit();
        }
        const texts = states.map((state) => [...state].map(([at, value]) => [at, Buffer.from(value).toString()]));
        expect(texts[1]).toEqual(texts[0]);
      }),
      { numRuns: 15 },
    );
  });

  it('decides nothing when the peer fails a read or a write', async () => {
    const [operation] = fc.sample(
      assetOperations().filter((all) => all.length > 0),
      { seed: 1, numRuns: 1 },
    )[0]!;
    const items = [operationItem(encodeOperation(operation!))];
    class Failing extends InMemoryStub {
      override getStates(): Promise<never> {
        return Promise.reject(new Error('the state is away'));
      }
      override getState(): Promise<never> {
        return this.getStates();
      }
    }
    class Full extends InMemoryStub {
      override putState(): never {
        throw new Error('no room');
      }
    }
    for (const batchMax of [undefined, 5]) {
      const remote = await served(batchMax);
      const refused = { status: 500, message: expect.stringMatching(/^INFRASTRUCTURE: /) };
      expect(await remote.invoke(new Failing(new Map(), 'a'), 'executeBatch', items)).toMatchObject(refused);
      expect(await remote.invoke(new Full(new Map(), 'b'), 'executeBatch', items)).toMatchObject(refused);
    }
  });

  it('serves a peer that reconnects', async () => {
    const first = await served(5);
    const address = await freeAddress();
    const server = await serveContracts([carrier()], { address, chaincodeId: 'x' });
    open.push(() => server.close());
    const gone = new RemoteChaincode({ address, batchMax: 5 });
    expect(await gone.chaincodeId).toBe('x');
    gone.close();
    const back = new RemoteChaincode({ address });
    open.push(() => back.close());
    const { payload } = await back.invoke(new InMemoryStub(new Map()), 'executeBatch', []);
    expect(decodeResults(payload)).toEqual([]);
    expect(await first.chaincodeId).toBe('medrex_1:abc');
  });
});
