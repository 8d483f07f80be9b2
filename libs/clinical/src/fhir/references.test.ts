import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anObservation } from '../testing/index.ts';
import { codeAmong, codeOf, codesOf } from './codes.ts';
import { identifierQuery } from './identifier-query.ts';
import type { FhirResource } from './datatypes.ts';
import { missingContained } from './local-references.ts';
import { isBefore, periodIssues } from './periods.ts';
import { targetOf } from './reference-target.ts';
import { expressionOf, walkReferences } from './walk-references.ts';

describe('the target of a reference', () => {
  it.each([
    ['Patient/1', { kind: 'literal', type: 'Patient', id: '1' }],
    ['Patient/1/_history/2', { kind: 'literal', type: 'Patient', id: '1' }],
    ['#p', { kind: 'none' }],
    ['urn:uuid:c757873d', { kind: 'urn', url: 'urn:uuid:c757873d' }],
    [
      'https://ehr.example.org/fhir/Patient/1',
      { kind: 'absolute', type: 'Patient', url: 'https://ehr.example.org/fhir/Patient/1' },
    ],
    ['https://ehr.example.org/x', { kind: 'absolute', type: undefined, url: 'https://ehr.example.org/x' }],
    ['Practitioner?identifier=a|b', { kind: 'conditional', type: 'Practitioner', query: 'identifier=a|b' }],
    ['Nurse/1', { kind: 'unreadable' }],
    ['Nurse?identifier=a|b', { kind: 'unreadable' }],
    ['Jane Doe', { kind: 'unreadable' }],
    ['Patient/../x', { kind: 'unreadable' }],
  ])('%s', (reference, target) => {
    expect(targetOf({ reference })).toEqual(target);
  });

  it('is an identifier where there is no literal reference', () => {
    const identifier = { system: 'urn:mrn', value: '1' };
    expect(targetOf({ identifier, type: 'Patient' })).toEqual({ kind: 'logical', type: 'Patient', identifier });
    expect(targetOf({})).toEqual({ kind: 'none' });
  });
});

describe('the search of a condition', () => {
  it.each([
    ['identifier=urn:npi|1', { system: 'urn:npi', value: '1' }],
    ['?identifier=urn:npi|1', { system: 'urn:npi', value: '1' }],
    ['identifier=http%3A%2F%2Fx%7Ca%20b', { system: 'http://x', value: 'a b' }],
    ['identifier=|1', { system: '', value: '1' }],
    ['identifier=urn:x|a=b', { system: 'urn:x', value: 'a=b' }],
    ['Practitioner?identifier=urn:npi|1', { system: 'urn:npi', value: '1' }],
    ['https://ehr.example.org/fhir/Practitioner?identifier=urn:npi|1', { system: 'urn:npi', value: '1' }],
    ['Patient?identifier=urn:npi|1', undefined],
    ['identifier=urn:npi|1&_format=json', { system: 'urn:npi', value: '1' }],
    ['identifier=urn:npi|a?b', { system: 'urn:npi', value: 'a?b' }],
    ['identifier=urn:npi|a|b', { system: 'urn:npi', value: 'a|b' }],
    ['identifier=urn:npi|a\\,b\\|c\\\\d😀', { system: 'urn:npi', value: 'a,b|c\\d😀' }],
    ['identifier=urn:npi|1,urn:npi|2', undefined],
    ['identifier=1', undefined],
    ['identifier=urn:npi|', undefined],
    ['identifier=a|b&name=c', undefined],
    ['name=Doe', undefined],
    ['identifier=%|b', undefined],
    ['', undefined],
  ])('%s', (query, identifier) => {
    expect(identifierQuery(query, 'Practitioner')).toEqual(identifier);
  });
});

describe('codes in facts', () => {
  it('use short names for well-known systems and hashes for others', () => {
    expect(codeOf({ system: 'http://loinc.org', code: '8867-4' })).toBe('loinc:8867-4');
    expect(codeOf({ system: 'urn:hospital:lab', code: 'K' })).toMatch(/^[0-9a-f]{12}:K$/);
    expect(codeOf({ code: 'K' })).toBe(':K');
    expect(codeOf({ system: 'http://loinc.org' })).toBeUndefined();
  });

  it('put well-known systems first', () => {
    const coding = [
      { system: 'urn:local', code: 'a' },
      { system: 'http://snomed.info/sct', code: '1' },
    ];
    expect(codesOf({ coding })).toEqual(['sct:1', expect.stringMatching(/:a$/)]);
  });

  it('never contain text, whatever the code is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (code) => {
        expect(codeOf({ system: 'http://loinc.org', code })).toMatch(/^loinc:[A-Za-z0-9._:/+-]{1,40}$/);
      }),
    );
    expect(codeAmong({ coding: [{ code: 'Jane Doe' }] }, ['active'])).toBeUndefined();
  });
});

describe('periods', () => {
  it.each([
    ['2026-01-05T10:00:00+02:00', '2026-01-05T09:00:00Z', true],
    ['2026-01-05T10:00:00Z', '2026-01-05T10:00:00.000Z', false],
    ['2026-01', '2026-01-05', false],
    ['2025', '2026-01-05T10:00:00Z', true],
    ['2026-01-05', '2026-01-05T23:00:00Z', false],
  ])('%s before %s: %s', (one, other, expected) => {
    expect(isBefore(one, other)).toBe(expected);
  });

  it('may not end before they start', () => {
    expect(periodIssues({ start: '2026', end: '2025' }, 'X.period')).toMatchObject([
      { code: 'invariant', expression: 'X.period' },
    ]);
    expect(periodIssues({ start: '2026', end: '2026' }, 'X.period')).toEqual([]);
    expect(periodIssues({ end: '2026' }, 'X.period')).toEqual([]);
  });
});

it('references are found at any depth and located on request', () => {
  const resource = anObservation({
    performer: [{ reference: 'Practitioner/1' }, { reference: 'Practitioner/2' }],
    contained: [{ subject: { reference: 'Patient/2' } }],
  });
  const found: object[] = [];
  walkReferences(resource, (reference) => found.push(reference));
  expect(found.map((reference) => expressionOf('Bundle.entry[1].resource', resource, reference))).toEqual([
    'Bundle.entry[1].resource.subject',
    'Bundle.entry[1].resource.performer[0]',
    'Bundle.entry[1].resource.performer[1]',
    'Bundle.entry[1].resource.contained[0].subject',
  ]);
});

describe('a reference to a contained resource', () => {
  const at = (resource: FhirResource) =>
    missingContained(resource).map((reference) => expressionOf(resource.resourceType, resource, reference));
  const contained = [
    { resourceType: 'Practitioner', id: 'p' },
    { resourceType: 'PractitionerRole', id: 'r', practitioner: { reference: '#p' }, organization: { reference: '#' } },
  ];

  it('is valid from the container and from another contained resource; # names the container', () => {
    expect(at(anObservation({ contained, performer: [{ reference: '#p' }, { reference: '#r' }] }))).toEqual([]);
  });

  it('is reported if there is no such resource', () => {
    const extension = [{ url: 'urn:x', valueReference: { reference: '#y' } }];
    const performer = [{ reference: '#' }, { reference: '#p' }, { reference: '#x' }];
    const role = { resourceType: 'PractitionerRole', id: 'r', practitioner: { reference: '#q' } };
    expect(at(anObservation({ contained: [contained[0], role], extension, performer }))).toEqual([
      'Observation.contained[1].practitioner',
      'Observation.extension[0].valueReference',
      'Observation.performer[0]',
      'Observation.performer[2]',
    ]);
  });

  it('is resolved within its own resource of a Bundle', () => {
    const [one, other] = [anObservation({ contained, performer: [{ reference: '#p' }] }), anObservation()];
    const wrong = { ...other, performer: [{ reference: '#p' }] };
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: one }, { resource: wrong }] };
    expect(at(bundle)).toEqual(['Bundle.entry[1].resource.performer[0]']);
  });
});
