import { describe, expect, it } from '@jest/globals';
import { decodeOperation, decodeOperationHeader, encodeOperation } from '@medrex/execute-batch';
import { arbitraryOperation } from '@medrex/execute-batch/testing';
import fc from 'fast-check';
import type { AcceptedOperation } from './accepted-operation.ts';
import { countOperations, decodeOperations, encodeOperationBytes, encodeOperations } from './operations-record.ts';
import { aLogRecord, anAcceptedOperation, anId, aRouting } from './testing/builders.ts';

const mebibyte = 1024 * 1024;
const withBody = (bytes: number): AcceptedOperation =>
  anAcceptedOperation({ operation: { bodies: [Buffer.alloc(bytes, 'A')] } });
const decodeAll = (records: readonly Uint8Array[]): ReturnType<typeof decodeOperations> =>
  records.flatMap((value, offset) => decodeOperations(aLogRecord({ value, offset })));

describe('a record of the operations topic', () => {
  it('returns every operation with its routing and bytes', () => {
    const routing = fc.record(
      {
        sealedName: fc.base64String(),
        class: fc.constantFrom('cpoe' as const, 'audit' as const),
        deadlineMs: fc.nat(),
        acceptedAtMs: fc.nat(),
        traceparent: fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
        item: fc.nat(),
      },
      { requiredKeys: ['sealedName', 'class', 'acceptedAtMs', 'item'] },
    );
    const run = fc.array(fc.record({ routing, operation: arbitraryOperation }), { maxLength: 8 });
    fc.assert(
      fc.property(run, (accepted) => {
        const decoded = decodeAll(encodeOperations(accepted));
        expect(decoded.map((one) => one.routing)).toEqual(accepted.map((one) => ({ ...one.routing })));
        expect(decoded.map(({ operation }) => operation)).toEqual(
          accepted.map(({ operation }) => decodeOperationHeader(encodeOperation(operation))),
        );
        expect(decoded.map((one) => Buffer.from(one.operationBytes))).toEqual(
          accepted.map((one) => Buffer.from(encodeOperation(one.operation))),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('holds at most 1,024 operations, and places them by offset and place', () => {
    const run = Array.from({ length: 2_050 }, (_, index) =>
      anAcceptedOperation({ operation: { opId: anId(index) }, routing: { item: index } }),
    );
    const records = encodeOperations(run);
    const decoded = records.map((value, index) => decodeOperations(aLogRecord({ value, offset: 7 + index })));
    expect(decoded.map((one) => one.length)).toEqual([1024, 1024, 2]);
    expect(records.map(countOperations)).toEqual([1024, 1024, 2]);
    expect(decoded.flat().map(({ routing }) => routing.item)).toEqual(run.map(({ routing }) => routing.item));
    expect(decoded.map((one) => one[0]!.seq)).toEqual([7 * 1024, 8 * 1024, 9 * 1024]);
    expect(decoded[2]!.map(({ seq }) => seq)).toEqual([9 * 1024, 9 * 1024 + 1]);
  });

  it('is filled up to 4 MiB, and a larger operation goes alone', () => {
    const records = encodeOperations([1, 2, 5, 1, 1].map((size) => withBody(size * mebibyte)));
    const sizes = records.map((value) =>
      decodeOperations(aLogRecord({ value })).map((one) => decodeOperation(one.operationBytes).bodies[0]!.length),
    );
    expect(sizes).toEqual([[mebibyte, 2 * mebibyte], [5 * mebibyte], [mebibyte, mebibyte]]);
    expect(records[0]!.length).toBeLessThanOrEqual(4 * mebibyte);
  });

  it('refuses an operation that is too large for a record, and names the limit', () => {
    expect(() => encodeOperations([withBody(8 * mebibyte)])).toThrow(
      expect.objectContaining({ code: 'OPERATION_TOO_LARGE', message: expect.stringMatching(/8384512/) }),
    );
  });

  it('is made of encoded operations without decoding them', () => {
    const accepted = [withBody(10), withBody(20)];
    const routed = accepted.map(({ routing, operation }) => ({ routing, operationBytes: encodeOperation(operation) }));
    expect(encodeOperationBytes(routed)).toEqual(encodeOperations(accepted));
    expect(encodeOperationBytes([])).toEqual([]);
  });

  it('shares its memory with the operations decoded from it', () => {
    const [value] = encodeOperations([withBody(100)]);
    const [decoded] = decodeOperations(aLogRecord({ value: value! }));
    expect(decoded!.operationBytes.buffer).toBe(value!.buffer);
    expect(decodeOperation(decoded!.operationBytes).bodies[0]!.buffer).toBe(value!.buffer);
  });

  it('refuses damaged bytes and other versions, naming their place and quoting nothing', () => {
    const sealedName = 'bm9ib2R5';
    const [good] = encodeOperations([anAcceptedOperation({ routing: aRouting({ sealedName }) })]);
    const value = Buffer.from(good!);
    const at = { topic: 'medrex.operations.v1', partition: 0, offset: 12 };
    const damaged = [
      Buffer.alloc(0),
      value.subarray(0, 2),
      value.subarray(0, value.length - 1),
      Buffer.concat([value, Buffer.from('x')]),
      Buffer.concat([value.subarray(0, 11), Buffer.from('#'), value.subarray(12)]),
    ];
    for (const bytes of damaged) {
      const decode = (): unknown => decodeOperations(aLogRecord({ ...at, value: bytes }));
      expect(decode).toThrow(
        expect.objectContaining({
          code: 'MESSAGE_MALFORMED',
          message: 'medrex.operations.v1/0 offset 12: not a record of operations',
        }),
      );
    }
    value[0] = 2;
    expect(() => decodeOperations(aLogRecord({ ...at, value }))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_VERSION_UNKNOWN', message: expect.stringContaining('version 2') }),
    );
  });
});
