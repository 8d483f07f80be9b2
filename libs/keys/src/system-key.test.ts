import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stateKey } from './state-key.ts';
import { linkedPseudonym, linkKey, operationRecordKey } from './system-key.ts';
import { hostileText } from './testing/hostile-text.ts';

describe('the link of a patient', () => {
  it('names its patient', () => {
    fc.assert(fc.property(hostileText, (pseudonym) => linkedPseudonym(linkKey(pseudonym)) === pseudonym));
  });

  it('is distinguished from every other key', () => {
    const others = [operationRecordKey('a'), stateKey('clinical', 'link', 'a'), stateKey('system', 'link', 'a', 'b')];
    for (const key of [...others, '', 'sys~link', 'sys~link~%zz', 'sys~links~a'])
      expect(linkedPseudonym(key)).toBeUndefined();
  });
});
