import { describe, expect, it } from '@jest/globals';
import { stateKey } from '@medrex/keys';
import type { ReadWriteSet } from '@medrex/ledger';
import { callKey } from '../testing/test-channel.ts';
import { LearnedKeys } from './learned-keys.ts';
import { keysToHold, queuedKeys, QueueNames, touchedKeys, wholeStates } from './touched-keys.ts';

const bed = stateKey('clinical', 'bed', '12');
const names = new QueueNames('medrex', callKey);
const key = (text: string) => text as ReturnType<typeof stateKey>;

function aSet(given: { reads?: string[]; writes?: string[]; hasRange?: boolean }): ReadWriteSet {
  const { reads = [], writes = [], hasRange = false } = given;
  return {
    reads: reads.map((one) => ({ key: key(one), version: undefined })),
    ranges: hasRange ? [{ start: 'a', end: 'b', isExhausted: true, reads: [] }] : [],
    writes: writes.map((one) => ({ key: key(one), value: Buffer.from('1') })),
  };
}

/** A chaincode that bills what it finds at another one and at ours. */
const billing = {
  chaincode: 'billing',
  readWriteSet: {
    ...aSet({ reads: ['claim'], writes: ['claim'] }),
    called: [
      { chaincode: 'medrex', readWriteSet: aSet({ reads: [bed], writes: [bed], hasRange: true }) },
      { chaincode: 'prices', readWriteSet: aSet({ reads: ['aspirin'], hasRange: true }) },
    ],
  },
};

describe('what a call touched', () => {
  it('holds the keys of the chaincodes that it called, ours under their own names', () => {
    expect(touchedKeys(billing)).toEqual([
      { chaincode: 'billing', key: 'claim', mode: 'readWrite' },
      { chaincode: 'medrex', key: bed, mode: 'readWrite' },
      { chaincode: 'prices', key: 'aspirin', mode: 'read' },
    ]);
    expect(wholeStates(billing, names)).toEqual([callKey.wholeStateKey('prices')]);
    expect(keysToHold(billing, names)).toEqual([
      { key: callKey.queueKey('billing', 'claim'), mode: 'readWrite' },
      { key: bed, mode: 'readWrite' },
      { key: callKey.queueKey('prices', 'aspirin'), mode: 'read' },
      { key: callKey.wholeStateKey('billing'), mode: 'read' },
      { key: callKey.wholeStateKey('prices'), mode: 'readWrite' },
    ]);
  });

  it('says that it touches the state of every chaincode it called, so that who holds all of it waits', () => {
    const called = [{ chaincode: 'prices', readWriteSet: aSet({ writes: ['aspirin'] }) }];
    const set = { chaincode: 'billing', readWriteSet: { ...aSet({}), called } };
    expect(keysToHold(set, names)).toEqual([
      { key: callKey.queueKey('prices', 'aspirin'), mode: 'write' },
      { key: callKey.wholeStateKey('prices'), mode: 'read' },
    ]);
    expect(queuedKeys(touchedKeys(set), names)).toEqual(keysToHold(set, names));
  });

  it('leaves out the registry of authors, which is ours alone', () => {
    const set = aSet({ reads: ['sys~author~a'] });
    expect(keysToHold({ chaincode: 'medrex', readWriteSet: set }, names)).toEqual([]);
    expect(keysToHold({ chaincode: 'billing', readWriteSet: set }, names)).toHaveLength(2);
  });

  it('is predicted for each chaincode apart', () => {
    const learned = new LearnedKeys();
    const touched = [
      { chaincode: 'billing', key: 'claim7', mode: 'readWrite' },
      { chaincode: 'prices', key: 'claim7', mode: 'read' },
      { chaincode: 'prices', key: 'tariff', mode: 'read' },
    ] as const;
    for (let times = 0; times < 2; times += 1) learned.observe('billing', 'bill', ['7'], touched);
    expect(learned.predict('billing', 'bill', ['8'])).toEqual([
      { chaincode: 'billing', key: 'claim8', mode: 'readWrite' },
      { chaincode: 'prices', key: 'claim8', mode: 'read' },
      { chaincode: 'prices', key: 'tariff', mode: 'read' },
    ]);
  });
});
