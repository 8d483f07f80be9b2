import { describe, expect, it } from '@jest/globals';
import { accessModes, stateKey } from '@medrex/keys';
import fc from 'fast-check';
import type { JsonValue, OperationResult } from './contract.ts';
import { decodeResults, encodeResults } from './results-codec.ts';

const detail = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
const result: fc.Arbitrary<OperationResult> = fc.record(
  {
    opId: fc.string(),
    sourceHash: fc.string(),
    status: fc.constantFrom('applied', 'rejected', 'dead'),
    code: fc.constantFrom('OK', 'ID_REUSED', 'CONTRACT_ERROR'),
    message: fc.string({ unit: 'binary' }),
    detail,
    txId: fc.constantFrom('tx1', 'tx2'),
    isRepeat: fc.constant(true),
    undeclared: fc.array(
      fc.record({
        key: fc.string().map((part) => stateKey('clinical', 'x', part)),
        mode: fc.constantFrom(...accessModes),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['opId', 'sourceHash', 'status', 'code', 'txId', 'undeclared'] },
);

describe('encodeResults', () => {
  it('is undone by decodeResults', () => {
    fc.assert(
      fc.property(fc.array(result, { maxLength: 4 }), (results) => {
        expect(decodeResults(encodeResults(results))).toEqual(results);
      }),
    );
  });

  it('names the transaction once', () => {
    const applied = {
      opId: 'a',
      sourceHash: 'h',
      status: 'applied',
      code: 'OK',
      txId: 'tx-of-this-one',
      undeclared: [],
    } as const;
    const text = Buffer.from(encodeResults([applied, { ...applied, opId: 'b' }])).toString();
    expect(text.split('tx-of-this-one')).toHaveLength(2);
  });
});

describe('decodeResults', () => {
  it('refuses payloads of other functions', () => {
    for (const payload of ['', 'null', '[]', '{"t":"x"}', '{"t":"x","r":[{"u":["?"]}]}']) {
      expect(() => decodeResults(Buffer.from(payload))).toThrow(expect.objectContaining({ code: 'INVALID_RESULTS' }));
    }
  });
});
