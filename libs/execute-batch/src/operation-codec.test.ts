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

describe('encodeOperation', () => {
  it('is undone by decodeOperation', () => {
    fc.assert(
      fc.property(arbitraryOperation, (operation) => {
        const decoded = decodeOperation(encodeOperation(operation));
        expect(bodiesAsBuffers(decoded)).toEqual(bodiesAsBuffers(operation));
      }),
    );
  });

  it('writes lengths, header and bodies, big-endian', () => {
    const key = stateKey('clinical', 'res', 'a');
    const operation = anOperation({
      keys: [{ key, mode: 'readWrite' }],
      bodies: [Buffer.from('AB'), Buffer.from('C')],
    });
    const bytes = Buffer.from(encodeOperation(operation));
    expect([bytes.readUInt16BE(4), bytes.readUInt32BE(6), bytes.readUInt32BE(10)]).toEqual([2, 2, 1]);
    expect(bytes.subarray(-3).toString()).toBe('ABC');
    const header = JSON.parse(bytes.subarray(14, -3).toString()) as Record<string, unknown>;
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 17);
    expect(header.keys).toEqual(['xcli~res~a']);
    expect(header).not.toHaveProperty('bodies');
  });
});

describe('decodeOperation', () => {
  it('gives bodies as views of the bytes, wherever these lie in their buffer', () => {
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
    ['facts that are a list', { facts: [] }],
    ['a version in words', { templateVersion: '1' }],
  ])('refuses a header with %s', (_, wrong) => {
    const header = Buffer.from(JSON.stringify({ ...anOperation(), bodies: undefined, ...wrong }));
    const bytes = Buffer.alloc(6 + header.length);
    bytes.writeUInt32BE(header.length, 0);
    bytes.set(header, 6);
    expect(() => decodeOperation(bytes)).toThrow(invalidBytes);
  });

  it('never repeats what it could not read', () => {
    const header = Buffer.from('{"patient":"Jane Doe"');
    const bytes = Buffer.alloc(6 + header.length);
    bytes.writeUInt32BE(header.length, 0);
    bytes.set(header, 6);
    expect(() => decodeOperation(bytes)).not.toThrow(/Jane/);
    expect(() => decodeOperation(bytes)).toThrow(invalidBytes);
  });
});

describe('decodeOperationHeader', () => {
  it('gives everything but the bodies, and their lengths', () => {
    const operation = anOperation({ facts: { status: 'final' }, bodies: [Buffer.from('AB'), Buffer.from('')] });
    expect(decodeOperationHeader(encodeOperation(operation))).toEqual({
      ...anOperation({ facts: { status: 'final' } }),
      bodies: undefined,
      bodyLengths: [2, 0],
    });
  });
});
