import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { packBody, unpackBody } from './packed-body.ts';

const reading = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8310-5', display: 'Body temperature' }] },
  subject: { reference: 'Patient/4711' },
  effectiveDateTime: '2026-11-28T03:24:18.089Z',
  valueQuantity: { value: 40.4, unit: 'Cel', system: 'http://unitsofmeasure.org', code: 'Cel' },
};

describe('packBody', () => {
  it('loses nothing of any body', () => {
    const repetitive = fc.tuple(fc.string(), fc.nat(3_000)).map(([text, times]) => Buffer.from(text.repeat(times)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), repetitive), (body) => {
        expect(Buffer.from(unpackBody(packBody(body)))).toEqual(Buffer.from(body));
      }),
      { numRuns: 200 },
    );
  });

  it('never enlarges a body by more than the kind', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (body) => packBody(body).length <= body.length + 1));
  });

  it('compresses a reading to less than half', () => {
    const body = Buffer.from(JSON.stringify(reading));
    expect(packBody(body).length).toBeLessThan(body.length / 2);
  });

  it('unpacks bodies of this dictionary, whatever version of zlib packed them', () => {
    const packed = Buffer.from(
      'ASMQ6NQKbGNDA11TlMB2yk+pVChJzS1ILUoElW2Q9EYgzE3MDQ3xBqihoa6RRYiBsZWRiZWhhZ6BhSUoQHGFoImBngk8DJ1TUQpKIoIQpKO2FgA=',
      'base64',
    );
    expect(Buffer.from(unpackBody(packed)).toString()).toBe(JSON.stringify(reading));
  });

  it('unpacks bodies sealed before packing was introduced', () => {
    const json = Buffer.from('{"resourceType":"Observation"}');
    expect(Buffer.from(unpackBody(json))).toEqual(json);
  });
});
