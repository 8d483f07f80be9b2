import { describe, expect, it } from '@jest/globals';
import type { StateKey } from '@medrex/keys';
import type { Chaincode, ChaincodeStub } from './chaincode.ts';
import { MemoryState } from './in-memory/memory-state.ts';
import { lifecycleKey } from './lifecycle.ts';
import { simulate } from './simulate.ts';
import type { StateView } from './state-view.ts';
import { StateUpdates } from './state-updates.ts';

const key = (text: string): StateKey => text as StateKey;
const proposal = { channel: 'ehr', chaincode: 'cc', fn: 'f', args: [], txId: 't', creator: 'Org1MSP' };

function chaincode(run: (stub: ChaincodeStub) => unknown): Chaincode {
  return {
    name: 'cc',
    version: '1',
    async invoke(stub) {
      await run(stub);
      return { status: 200, message: '', payload: new Uint8Array(0) };
    },
  };
}

describe('simulate', () => {
  it('reads one state from beginning to end, whatever is committed meanwhile', async () => {
    const state = new MemoryState();
    const values: unknown[] = [];
    const commit = (text: string): void => {
      const updates = new StateUpdates();
      updates.add('cc', [{ key: key('a'), value: Buffer.from(text) }], { blockNum: 1, txNum: 0 });
      state.apply(updates);
    };
    commit('old');
    const reader = chaincode(async (stub) => {
      commit('new');
      values.push(Buffer.from((await stub.getState(key('a'))) ?? []).toString());
    });
    await simulate(reader, proposal, state.view());
    expect(values).toEqual(['old']);
  });

  it('asks the state once for a key', async () => {
    const asked: string[] = [];
    const view = new MemoryState().view();
    const listening: StateView = {
      height: view.height,
      get(namespace, keys) {
        if (namespace === 'cc') asked.push(...keys);
        return view.get(namespace, keys);
      },
      range: (namespace, start, end) => view.range(namespace, start, end),
      retain: () => view.retain(),
      release: () => view.release(),
    };
    const reader = chaincode(async (stub) => {
      await stub.getState(key('a'));
      await stub.getStates([key('a'), key('b')]);
      await stub.getState(key('b'));
    });
    await simulate(reader, proposal, listening);
    expect(asked).toEqual(['a', 'b']);
  });

  it('keeps one of two equal range queries, and both of two different ones', async () => {
    const seen: string[] = [];
    const lister = chaincode(async (stub) => {
      for (const end of ['m', 'm', 'z'])
        for await (const { key: found } of stub.getStateByRange('a', end)) seen.push(found);
    });
    const { readWriteSet } = await simulate(lister, proposal, new MemoryState().view());
    expect(readWriteSet.ranges.map(({ end }) => end)).toEqual(['m', 'z']);
    expect(seen).toEqual([]);
  });

  it('records no range for a query that was not read', async () => {
    const lazy = chaincode((stub) => void stub.getStateByRange('a', 'z'));
    const { readWriteSet } = await simulate(lazy, proposal, new MemoryState().view());
    expect(readWriteSet).toEqual({ reads: [{ key: lifecycleKey('cc'), version: undefined }], ranges: [], writes: [] });
  });

  it('keeps the last event', async () => {
    const emitter = chaincode((stub) => {
      stub.setEvent('first', Buffer.from('1'));
      stub.setEvent('last', Buffer.from('2'));
    });
    const { event } = await simulate(emitter, proposal, new MemoryState().view());
    expect(event).toEqual({ name: 'last', payload: Buffer.from('2') });
  });

  it('refuses the empty key', async () => {
    const { response } = await simulate(
      chaincode((stub) => stub.putState(key(''), Buffer.from('1'))),
      proposal,
      new MemoryState().view(),
    );
    expect(response).toMatchObject({ status: 500, message: expect.stringContaining('empty') as unknown });
  });

  it('refuses a stub that is used when the simulation is over', async () => {
    let kept: ChaincodeStub | undefined;
    await simulate(
      chaincode((stub) => (kept = stub)),
      proposal,
      new MemoryState().view(),
    );
    expect(() => kept?.putState(key('a'), Buffer.from('1'))).toThrow(
      expect.objectContaining({ code: 'TRANSACTION_OVER' }),
    );
    await expect(kept?.getState(key('a'))).rejects.toMatchObject({ code: 'TRANSACTION_OVER' });
  });
});
