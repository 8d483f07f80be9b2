import { describe, expect, it } from '@jest/globals';
import { intakeHeaders } from '@medrex/contracts';
import { readEvent } from './event-message.ts';
import { readHttpMessage } from './http-message.ts';
import type { Reading } from './incoming-message.ts';
import { readLine, splitLines } from './ndjson.ts';

const body = { do: 'create', asset: 'a1' };
const text = JSON.stringify(body);
const never = Number.MAX_SAFE_INTEGER;

function message(reading: Reading) {
  if (reading.kind === 'problem') throw new Error(reading.problem.detail);
  const { attributes, body: read, bytes } = reading.message;
  return { attributes, body: read, text: Buffer.from(bytes).toString('utf8') };
}

function problemCode(reading: Reading): string {
  return reading.kind === 'problem' ? reading.problem.code : 'none';
}

function line(json: string): Reading {
  const bytes = Buffer.from(json);
  return readLine(bytes, { number: 1, start: 0, end: bytes.length }, true, 1_000);
}

describe('a message in each of its forms', () => {
  const event = { specversion: '1.0', id: 'm-1', source: 'urn:ehr:a', type: 'asset', medrexclass: 'cpoe', data: body };
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'm-1',
    'ce-source': 'urn:ehr:a',
    'ce-type': 'asset',
    'ce-medrexclass': 'cpoe',
  };
  const forms: Readonly<Record<string, Reading>> = {
    'HTTP, CloudEvent in binary mode': readHttpMessage(
      { 'content-type': 'application/json', ...headers },
      Buffer.from(text),
      never,
    ),
    'HTTP, structured CloudEvent': readHttpMessage(
      { 'content-type': 'application/cloudevents+json; charset=utf-8' },
      Buffer.from(JSON.stringify(event)),
      never,
    ),
    'a line with a Medrex envelope': line(
      JSON.stringify({ id: 'm-1', source: 'urn:ehr:a', class: 'cpoe', resource: body }),
    ),
    'a line with a structured CloudEvent': line(JSON.stringify(event)),
    'a log record, binary mode': readEvent({
      value: Buffer.from(text),
      headers: intakeHeaders({ id: 'm-1', source: 'urn:ehr:a', class: 'cpoe', contentType: 'application/json' }),
    }),
    'a log record, structured mode': readEvent({
      value: Buffer.from(JSON.stringify(event)),
      headers: new Map([['content-type', Buffer.from('application/cloudevents+json')]]),
    }),
  };

  for (const [form, reading] of Object.entries(forms)) {
    it(`is read the same from: ${form}`, () => {
      const read = message(reading);
      expect(read.attributes).toMatchObject({ id: 'm-1', source: 'urn:ehr:a', class: 'cpoe' });
      expect(read.body).toEqual(body);
      expect(read.text).toBe(text);
    });
  }
});

describe('readHttpMessage', () => {
  it('uses Idempotency-Key as the id, and refuses one that differs from ce-id', () => {
    const read = (headers: Record<string, string>) =>
      readHttpMessage({ 'content-type': 'application/json', ...headers }, Buffer.from(text), never);
    expect(message(read({ 'idempotency-key': 'k' })).attributes).toMatchObject({ id: 'k' });
    expect(message(read({ 'idempotency-key': 'k', 'ce-id': 'k' })).attributes).toMatchObject({ id: 'k' });
    expect(problemCode(read({ 'idempotency-key': 'k', 'ce-id': 'other' }))).toBe('ENVELOPE_INVALID');
  });

  it.each([
    ['2026-01-05T08:00:00.123Z', '2026-01-05T08:00:00.123Z'],
    ['2026-01-05T09:30:00+01:30', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05T24:00:00.000Z', '2026-01-06T00:00:00.000Z'],
    ['2026-01-31T08:00:00.5Z', '2026-01-31T08:00:00.500Z'],
  ])('reads the time %s as %s', (given, time) => {
    const reading = readHttpMessage({ 'ce-time': given, 'content-type': 'application/json' }, Buffer.from(text), never);
    expect(message(reading).attributes.time).toBe(time);
  });

  it('percent-decodes CloudEvents headers', () => {
    const reading = readHttpMessage(
      { 'ce-id': 'm%20%E2%82%AC', 'content-type': 'application/json' },
      Buffer.from(text),
      never,
    );
    expect(message(reading).attributes.id).toBe('m €');
  });

  it.each([
    ['an unknown class', { 'ce-medrexclass': 'urgent' }, 'class'],
    ['a time without a zone', { 'ce-time': '2025-12-24T18:30:00' }, 'time'],
    ['an invalid deadline', { 'ce-medrexdeadline': 'soon' }, 'deadline'],
    ['an id that is too long', { 'ce-id': 'x'.repeat(1025) }, 'id'],
    ['a method that changes nothing', { 'ce-medrexmethod': 'GET' }, 'request'],
    ['another version of CloudEvents', { 'ce-specversion': '0.3' }, 'specversion'],
  ])('refuses %s, naming the attribute and not its value', (_case, headers, name) => {
    const reading = readHttpMessage({ 'content-type': 'application/json', ...headers }, Buffer.from(text), never);
    expect(problemCode(reading)).toBe('ENVELOPE_INVALID');
    if (reading.kind !== 'problem') return;
    expect(reading.problem.detail).toContain(name);
    for (const value of Object.values(headers)) expect(reading.problem.detail).not.toContain(value);
  });

  it.each([
    ['application/fhir+json; fhirVersion=4.0', 'none'],
    ['application/json;charset="UTF-8"', 'none'],
    ['application/json; charset=iso-8859-1', 'CONTENT_TYPE_UNSUPPORTED'],
    ['application/fhir+xml', 'CONTENT_TYPE_UNSUPPORTED'],
    ['application/x-ndjson', 'CONTENT_TYPE_UNSUPPORTED'],
  ])('checks the content type %s: problem %s', (contentType, code) => {
    expect(problemCode(readHttpMessage({ 'content-type': contentType }, Buffer.from(text), never))).toBe(code);
  });

  it('names the position of a JSON error and quotes nothing', () => {
    const reading = readHttpMessage({ 'content-type': 'application/json' }, Buffer.from('{"name": Mallory}'), never);
    expect(reading).toMatchObject({ kind: 'problem', problem: { code: 'BODY_NOT_JSON' } });
    expect(JSON.stringify(reading)).not.toContain('Mallory');
  });

  it('leaves a large body unparsed', () => {
    const reading = readHttpMessage({ 'content-type': 'application/json' }, Buffer.from(text), text.length);
    expect(reading).toMatchObject({ kind: 'message', message: { isUnparsed: true, body: undefined } });
  });
});

describe('splitLines', () => {
  const lines = (given: string, max = 100) => {
    const bytes = Buffer.from(given);
    return splitLines(bytes, max).map(({ number, start, end }) => [number, bytes.toString('utf8', start, end)]);
  };

  it('numbers lines from 1, counting the blank lines that it skips, and accepts CRLF', () => {
    expect(lines('a\n\r\n  \nb\r\nc')).toEqual([
      [1, 'a'],
      [4, 'b'],
      [5, 'c'],
    ]);
  });

  it('stops one above the limit', () => {
    expect(lines('a\nb\nc\nd\ne', 2)).toHaveLength(3);
  });
});

describe('a line', () => {
  it('is a bare body when it has a resourceType, whatever else it has', () => {
    const resource = { resourceType: 'Basic', data: {}, request: {}, id: 'r' };
    expect(message(line(JSON.stringify(resource)))).toMatchObject({ attributes: {}, body: resource });
  });

  it('may be a request without a body', () => {
    const read = message(line('{"id":"m","request":{"method":"DELETE","url":"Observation/o"}}'));
    expect(read).toEqual({
      attributes: { id: 'm', request: { method: 'DELETE', url: 'Observation/o' } },
      body: undefined,
      text: '',
    });
  });

  it('has a digest of the body only, so that another deadline makes no other message', () => {
    const one = message(line('{"id":"m","deadline":1,"resource":{"a": 1.0}}'));
    const other = message(line('{"resource":{"a": 1.0},"id":"m","deadline":2}'));
    expect(one.text).toBe('{"a": 1.0}');
    expect(other.text).toBe(one.text);
  });

  it('is refused above its limit, or when it is not UTF-8', () => {
    expect(problemCode(line(JSON.stringify({ a: 'x'.repeat(1_000) })))).toBe('LINE_TOO_LARGE');
    const broken = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(problemCode(readLine(broken, { number: 1, start: 0, end: broken.length }, false, 1_000))).toBe(
      'BODY_NOT_UTF8',
    );
  });

  it('is refused when its request is not an object', () => {
    expect(problemCode(line('{"id":"m","request":"DELETE","resource":{}}'))).toBe('ENVELOPE_INVALID');
  });
});
