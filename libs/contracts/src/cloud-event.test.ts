import { describe, expect, it } from '@jest/globals';
import { decodeIntake, intakeHeaders, type DecodedIntake } from './cloud-event.ts';

const patient = { resourceType: 'Patient', name: [{ family: 'Smith' }] };
const bytes = Buffer.from(JSON.stringify(patient));
const headers = (given: Record<string, string>): Map<string, Uint8Array> =>
  new Map(Object.entries(given).map(([name, value]) => [name, Buffer.from(value)]));
const structured = headers({ 'content-type': 'application/cloudevents+json; charset=utf-8' });
const envelope = { specversion: '1.0', id: 'm-1', source: 'urn:ehr:a', type: 'Patient', data: patient };

function issues(decoded: DecodedIntake): (string | undefined)[] {
  if (decoded.kind !== 'malformed') throw new Error(`a ${decoded.kind}, not malformed`);
  expect(decoded.code).toBe('INVALID_ENVELOPE');
  return decoded.issues.map(({ expression }) => expression);
}

describe('a record of an intake topic', () => {
  it('in binary mode has its attributes in headers and its message in the value', () => {
    const event = {
      source: 'urn:ehr:a',
      id: 'ä-1',
      type: 'org.hl7.fhir.r4.Patient',
      time: '2026-01-02T03:04:05.000Z',
      contentType: 'application/fhir+json',
      contract: 'clinical',
      class: 'cpoe' as const,
      deadlineMs: 1_790_000_000_000,
      request: { method: 'PUT' as const, url: 'Patient/x', ifMatch: 'W/"2"' },
    };
    expect(decodeIntake({ value: bytes, headers: intakeHeaders(event) })).toEqual({
      kind: 'event',
      event: { ...event, data: bytes },
    });
  });

  it('in structured mode is an envelope around the message, as JSON, as text or as bytes', () => {
    const expected = {
      source: 'urn:ehr:a',
      id: 'm-1',
      type: 'Patient',
      contentType: 'application/fhir+json',
      data: bytes,
    };
    const forms = [
      envelope,
      { ...envelope, data: bytes.toString() },
      { ...envelope, data: undefined, data_base64: bytes.toString('base64') },
    ];
    for (const form of forms) {
      const value = Buffer.from(JSON.stringify(form));
      const decoded = decodeIntake({ value, headers: structured });
      expect(decoded).toMatchObject({ kind: 'event', event: { ...expected, data: expect.anything() } });
      expect(decoded.kind === 'event' && Buffer.from(decoded.event.data).toString()).toBe(bytes.toString());
      expect(decodeIntake({ value, headers: new Map() })).toEqual(decoded);
    }
  });

  it('has the trace context of the event, and is not refused for an invalid one', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const traced = (value: unknown) => {
      const record = { value: Buffer.from(JSON.stringify({ ...envelope, traceparent: value })), headers: structured };
      const decoded = decodeIntake(record);
      return decoded.kind === 'event' ? [decoded.event.traceparent] : decoded;
    };
    expect(traced(traceparent)).toEqual([traceparent]);
    expect(traced(7)).toEqual([undefined]);
    const binary = { ce_specversion: '1.0', ce_id: 'm-1', ce_source: 'a', ce_type: 'b', ce_traceparent: traceparent };
    expect(decodeIntake({ value: bytes, headers: headers(binary) })).toMatchObject({ event: { traceparent } });
  });

  it('has its time converted to UTC', () => {
    const value = Buffer.from(JSON.stringify({ ...envelope, time: '2026-01-02T03:04:05+02:00' }));
    expect(decodeIntake({ value, headers: structured })).toMatchObject({ event: { time: '2026-01-02T01:04:05.000Z' } });
  });

  it('without an envelope is the message itself, without a name', () => {
    const plain = decodeIntake({ value: bytes, headers: new Map() });
    expect(plain).toEqual({ kind: 'event', event: { contentType: 'application/fhir+json', data: bytes } });
    const typed = decodeIntake({ value: bytes, headers: headers({ 'content-type': 'application/x' }) });
    expect(typed).toMatchObject({ event: { contentType: 'application/x' } });
  });

  it('is not taken for an envelope because text inside it looks like one', () => {
    const value = Buffer.from(JSON.stringify({ resourceType: 'Basic', text: '{"specversion":"1.0"}' }));
    expect(decodeIntake({ value, headers: new Map() })).toMatchObject({ event: { data: value } });
  });

  it('is refused with all errors at once, quoting nothing of the message', () => {
    const wrong = { ...envelope, id: '', source: undefined, time: 'yesterday', medrexclass: 'vip', data: patient };
    const decoded = decodeIntake({ value: Buffer.from(JSON.stringify(wrong)), headers: structured });
    expect(issues(decoded).sort()).toEqual(['id', 'medrexclass', 'source', 'time']);
    expect(JSON.stringify(decoded)).not.toContain('Smith');
    expect(issues(decodeIntake({ value: bytes, headers: headers({ ce_id: 'm-1' }) })).sort()).toEqual([
      'source',
      'specversion',
      'type',
    ]);
  });

  it('is refused when it is empty, not JSON, or does not have exactly one form of data', () => {
    expect(issues(decodeIntake({ value: Buffer.alloc(0), headers: new Map() }))).toEqual([undefined]);
    expect(issues(decodeIntake({ value: Buffer.from('{'), headers: structured }))).toEqual([undefined]);
    for (const form of [
      { ...envelope, data: undefined },
      { ...envelope, data_base64: 'QUJD' },
    ]) {
      expect(issues(decodeIntake({ value: Buffer.from(JSON.stringify(form)), headers: structured }))).toEqual(['data']);
    }
  });
});
