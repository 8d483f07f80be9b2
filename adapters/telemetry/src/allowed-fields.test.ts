import { describe, expect, it } from '@jest/globals';
import { allowedFields, type DropReason } from './allowed-fields.ts';

function allow(fields: object): { readonly allowed: object; readonly dropped: readonly DropReason[] } {
  const dropped: DropReason[] = [];
  return { allowed: allowedFields(fields, (reason) => dropped.push(reason)), dropped };
}

describe('allowedFields', () => {
  it('lets the words of the pipeline through', () => {
    const fields = {
      channel: 'ehr',
      contract: 'asset-transfer',
      function: 'executeBatch',
      class: 'cpoe',
      state: 'catching-up',
      signal: 'SIGTERM',
      topic: 'medrex.ehr.intake.urgent.v1',
      route: '/v1/transactions/{id}',
      method: 'POST',
      code: 'MVCC_READ_CONFLICT',
      peer: 'peer0.org1:7051',
      url: 'http://127.0.0.1:8080/metrics',
      address: 'broker-1.example.org:9092',
      version: 'v24.21.0',
      opId: '0123456789abcdef0123456789abcdef',
      key: 'cli~Observation~0123456789abcdef0123456789abcdef~8867-4~20240101T000000.000Z~a%20b',
      keys: ['cli~a~b', 'sys~op~c'],
      operations: 12,
      elapsedMs: 1.5,
      isRepeat: true,
      byClass: { cpoe: 1, audit: 0 },
      byCode: { VALID: 3, MVCC_READ_CONFLICT: 1 },
    };
    expect(allow({ ...fields, seq: undefined })).toEqual({ allowed: fields, dropped: [] });
  });

  it.each([
    ['a name that is not listed', { patientName: 'x' }, 'undeclared'],
    ['a name of the prototype', { constructor: 'x' }, 'undeclared'],
    ['prose', { reason: 'chest pain since Tuesday' }, 'unfit'],
    ['a name', { reason: 'Koepp' }, 'unfit'],
    ['a number in place of a word', { reason: '00471108' }, 'unfit'],
    ['a path as it was asked for', { route: '/fhir/Patient/00471108' }, 'unfit'],
    ['a query', { url: 'http://127.0.0.1:80/?name=x' }, 'unfit'],
    ['an object', { operations: { mrn: 1 } }, 'unfit'],
    ['no number', { operations: Number.NaN }, 'unfit'],
    ['a text where a number belongs', { operations: '00471108' }, 'unfit'],
    ['a list with one bad value', { keys: ['cli~a~b', 'Koepp'] }, 'unfit'],
    ['a tally by names', { byClass: { 'Abdul Koepp': 1 } }, 'unfit'],
    ['a key that is too long', { key: `cli~${'a'.repeat(500)}` }, 'unfit'],
  ])('keeps %s in', (_what, fields, reason) => {
    expect(allow(fields)).toEqual({ allowed: {}, dropped: [reason] });
  });

  it('shortens lists', () => {
    const { allowed, dropped } = allow({ keys: Array.from({ length: 40 }, (_, at) => `cli~a~${at}`) });
    expect((allowed as { keys: readonly string[] }).keys).toHaveLength(16);
    expect(dropped).toEqual([]);
  });
});
