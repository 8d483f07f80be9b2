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

/** The read-write set of a chaincode that calls another one and the Medrex chaincode. */
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

describe('the touched keys of a call', () => {
  it('include those of the called chaincodes; Medrex keys under their own names', () => {
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

  it('include a marker for the state of every called chaincode, so that holders of the whole state conflict with it', () => {
    const called = [{ chaincode: 'prices', readWriteSet: aSet({ writes: ['aspirin'] }) }];
    const set = { chaincode: 'billing', readWriteSet: { ...aSet({}), called } };
    expect(keysToHold(set, names)).toEqual([
      { key: callKey.queueKey('prices', 'aspirin'), mode: 'write' },
      { key: callKey.wholeStateKey('prices'), mode: 'read' },
    ]);
    expect(queuedKeys(touchedKeys(set), names)).toEqual(keysToHold(set, names));
  });

  it('exclude the registry of authors', () => {
    const set = aSet({ reads: ['sys~author~a'] });
    expect(keysToHold({ chaincode: 'medrex', readWriteSet: set }, names)).toEqual([]);
    expect(keysToHold({ chaincode: 'billing', readWriteSet: set }, names)).toHaveLength(2);
  });

  it('are predicted for each chaincode separately', () => {
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
