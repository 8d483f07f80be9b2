import { describe, expect, it } from '@jest/globals';
import { stateKey } from '@medrex/keys';
import fc from 'fast-check';
import { decodeOperation, decodeOperationHeader, encodeOperation } from './operation-codec.ts';
import { anOperation, arbitraryOperation } from './testing/index.ts';

const bodiesAsBuffers = <T extends { readonly bodies: readonly Uint8Array[] }>(operation: T) => ({
  ...operation,
  bodies: operation.bodies.map((body) => Buffer.from(body).toString('hex')),
});
const invalidBytes = expect.objectContaining({ code: 'INVALID_OPERATION_BYTES' });

/** Bytes of an operation without bodies, with valid lengths and any content. */
function bytesOf(header: string, facts: string): Buffer {
  const lengths = Buffer.alloc(10);
  lengths.writeUInt32BE(Buffer.byteLength(header), 0);
  lengths.writeUInt32BE(Buffer.byteLength(facts), 4);
  return Buffer.concat([lengths, Buffer.from(header + facts)]);
}

describe('encodeOperation', () => {
  it('is undone by decodeOperation', () => {
    fc.assert(
      fc.property(arbitraryOperation, (operation) => {
        const decoded = decodeOperation(encodeOperation(operation));
        expect(bodiesAsBuffers(decoded)).toEqual(bodiesAsBuffers(operation));
      }),
    );
  });

  it('writes lengths, header, facts and bodies, big-endian', () => {
    const key = stateKey('clinical', 'res', 'a');
    const operation = anOperation({
      keys: [{ key, mode: 'readWrite' }],
      facts: { status: 'final' },
      bodies: [Buffer.from('AB'), Buffer.from('C')],
    });
    const bytes = Buffer.from(encodeOperation(operation));
    expect([bytes.readUInt16BE(8), bytes.readUInt32BE(10), bytes.readUInt32BE(14)]).toEqual([2, 2, 1]);
    expect(bytes.subarray(-3).toString()).toBe('ABC');
    const factsStart = 18 + bytes.readUInt32BE(0);
    const header = JSON.parse(bytes.subarray(18, factsStart).toString()) as Record<string, unknown>;
    expect(header.keys).toEqual(['xcli~res~a']);
    expect(Object.keys(header)).not.toEqual(expect.arrayContaining(['facts']));
    expect(JSON.parse(bytes.subarray(factsStart, -3).toString())).toEqual({ status: 'final' });
    expect(bytes.readUInt32BE(4)).toBe(bytes.length - factsStart - 3);
  });
});

describe('decodeOperation', () => {
  it('returns bodies as views of the bytes, at any offset in their buffer', () => {
    const bytes = encodeOperation(anOperation({ bodies: [Buffer.from('sealed')] }));
    const framed = new Uint8Array(bytes.length + 9);
    framed.set(bytes, 5);
    const [body] = decodeOperation(framed.subarray(5, 5 + bytes.length)).bodies;
    expect(body!.buffer).toBe(framed.buffer);
    expect(Buffer.from(body!).toString()).toBe('sealed');
  });

  it('refuses bytes that were cut or lengthened anywhere', () => {
    const bytes = encodeOperation(anOperation({ bodies: [Buffer.from('sealed')] }));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeOperation(bytes.subarray(0, length))).toThrow(invalidBytes);
    }
    expect(() => decodeOperation(Buffer.concat([bytes, Buffer.from('x')]))).toThrow(invalidBytes);
  });

  it.each([
    ['a missing name', { opId: undefined }],
    ['a key without a mode', { keys: ['cli~res~a'] }],
    ['a time that is not UTC', { time: '2024-05-01T10:00:00+02:00' }],
    ['a version in words', { templateVersion: '1' }],
  ])('refuses a header with %s', (_, wrong) => {
    const header = JSON.stringify({ ...anOperation(), facts: undefined, bodies: undefined, ...wrong });
    expect(() => decodeOperation(bytesOf(header, '{}'))).toThrow(invalidBytes);
    expect(() => decodeOperationHeader(bytesOf(header, '{}'))).toThrow(invalidBytes);
  });

  it.each(['[]', '3', '', '{'])('refuses %j as facts', (facts) => {
    const header = JSON.stringify({ ...anOperation(), keys: [], facts: undefined, bodies: undefined });
    expect(decodeOperation(bytesOf(header, '{}')).facts).toEqual({});
    expect(() => decodeOperation(bytesOf(header, facts))).toThrow(invalidBytes);
  });

  it('does not quote unreadable input in errors', () => {
    const bytes = bytesOf('{"patient":"Jane Doe"', '{}');
    expect(() => decodeOperation(bytes)).not.toThrow(/Jane/);
    expect(() => decodeOperation(bytes)).toThrow(invalidBytes);
  });
});

describe('decodeOperationHeader', () => {
  it('returns everything but facts and bodies', () => {
    const operation = anOperation({ facts: { status: 'final' }, bodies: [Buffer.from('AB'), Buffer.from('')] });
    const { facts, bodies, ...header } = operation;
    expect([facts, bodies.length]).toEqual([{ status: 'final' }, 2]);
    expect(decodeOperationHeader(encodeOperation(operation))).toEqual(header);
  });
});
