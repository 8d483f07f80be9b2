import { describe, expect, it } from '@jest/globals';
import { stateKey } from '@medrex/keys';
import { closeItem, decodeItem, operationItem, probeItem } from './item.ts';
import { encodeOperation } from './operation-codec.ts';
import { anOperation } from './testing/index.ts';

describe('batch items', () => {
  it('contain an operation as it was encoded', () => {
    const bytes = encodeOperation(anOperation());
    const item = operationItem(bytes);
    expect(item[0]).toBe(0);
    const decoded = decodeItem(item);
    expect(decoded.kind === 'operation' && Buffer.compare(decoded.bytes, bytes)).toBe(0);
  });

  it('contain closes and probes', () => {
    const close = { opId: 'a', sourceHash: 'b', reason: 'EXPIRED', day: '2024-05-01' };
    const probe = { key: stateKey('system', 'probe', 'x') };
    expect([closeItem(close), probeItem(probe)].map(decodeItem)).toEqual([
      { kind: 'close', ...close },
      { kind: 'probe', ...probe },
    ]);
    expect([closeItem(close)[0], probeItem(probe)[0]]).toEqual([1, 2]);
  });

  it.each([
    ['nothing', ''],
    ['an unknown kind', '\x03{}'],
    ['a close without a reason', '\x01{"opId":"a","sourceHash":"b","day":"c"}'],
    ['a probe of no key', '\x02{}'],
    ['a close of no object', '\x01null'],
    ['a close of no JSON', '\x01{'],
  ])('refuse %s', (_, text) => {
    expect(() => decodeItem(Buffer.from(text, 'latin1'))).toThrow(
      expect.objectContaining({ code: 'INVALID_OPERATION_BYTES' }),
    );
  });
});
