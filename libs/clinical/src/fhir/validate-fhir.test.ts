import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aBundle, aCondition, anEncounter, anObservation, aPatient, aPost } from '../testing/index.ts';
import { resourceTypes } from './definitions.ts';
import { issuesMax } from './issues.ts';
import { depthMax } from './structure-check.ts';
import { validateElement, validateFhir } from './validate-fhir.ts';

/** Code and expression of each issue. */
const found = (value: unknown) => validateFhir(value).map(({ code, expression }) => [code, expression]);
const json = (text: string): unknown => JSON.parse(text);

describe('FHIR R4 validation', () => {
  it.each([
    ['an observation', anObservation()],
    ['a patient', aPatient()],
    ['an encounter', anEncounter()],
    [
      'a missing value with its reason',
      anObservation({ status: undefined, _status: { extension: [{ url: 'urn:why', valueCode: 'unknown' }] } }),
    ],
    [
      'a missing given name with its reason',
      aPatient({
        name: [{ given: [null, 'A'], _given: [{ extension: [{ url: 'urn:why', valueCode: 'masked' }] }, null] }],
      }),
    ],
    ['a contained resource', aCondition({ contained: [aPatient({ id: 'p' })], subject: { reference: '#p' } })],
    ['a leap day', anObservation({ effectiveDateTime: '2024-02-29' })],
    ['a leap second', anObservation({ effectiveDateTime: '2016-12-31T23:59:60Z' })],
    ['a zero', anObservation({ valueQuantity: { value: 0 } })],
    ['false', { resourceType: 'Patient', active: false }],
    ['a Bundle in a Bundle', aBundle('collection', [{ resource: aBundle('document', [{ resource: aPatient() }]) }])],
  ])('takes %s', (_what, value) => {
    expect(validateFhir(json(JSON.stringify(value)))).toEqual([]);
  });

  it.each([
    ['no object', 'text', [['structure', 'Resource']]],
    ['no type', {}, [['structure', 'Resource']]],
    ['a type that R4 does not have', { resourceType: 'Jane Doe' }, [['structure', 'Resource']]],
    ['an abstract type', { resourceType: 'DomainResource' }, [['structure', 'Resource']]],
    ['a datatype', { resourceType: 'Quantity' }, [['structure', 'Resource']]],
    ['a required element missing', anObservation({ code: undefined }), [['required', 'Observation.code']]],
    [
      'a required choice missing',
      { resourceType: 'Immunization', status: 'completed', vaccineCode: { text: 'x' }, patient: { display: 'x' } },
      [['required', 'Immunization.occurrence']],
    ],
    ['a code outside its list', anObservation({ status: 'done' }), [['code-invalid', 'Observation.status']]],
    ['two choices of one element', anObservation({ valueString: 'x' }), [['structure', 'Observation.value']]],
    [
      'a day that does not exist',
      anObservation({ effectiveDateTime: '2023-02-29' }),
      [['value', 'Observation.effective']],
    ],
    [
      'a time without a zone',
      anObservation({ effectiveDateTime: '2023-02-28T10:00:00' }),
      [['value', 'Observation.effective']],
    ],
    ['a reference that is a text', anObservation({ subject: 'Patient/1' }), [['structure', 'Observation.subject']]],
    [
      'a reference to another type',
      anObservation({ encounter: { reference: 'Patient/1' } }),
      [['value', 'Observation.encounter.reference']],
    ],
    ['a number as text', anObservation({ valueQuantity: { value: '80' } }), [['value', 'Observation.value.value']]],
    [
      'an unknown element of a known name',
      anObservation({ birthDate: '2000' }),
      [['structure', 'Observation.birthDate']],
    ],
    ['an unknown element', anObservation({ janeDoe: 1 }), [['structure', 'Observation']]],
    ['one value where many are', anObservation({ category: { text: 'x' } }), [['structure', 'Observation.category']]],
    ['many values where one is', anObservation({ code: [{ text: 'x' }] }), [['structure', 'Observation.code']]],
    ['an empty list', anObservation({ note: [] }), [['structure', 'Observation.note']]],
    ['an empty object', anObservation({ method: {} }), [['structure', 'Observation.method']]],
    ['null', anObservation({ issued: null }), [['value', 'Observation.issued']]],
    ['null in a list', aPatient({ name: [{ given: [null] }] }), [['value', 'Patient.name[0].given[0]']]],
    [
      'an extension with a value and extensions',
      anObservation({ extension: [{ url: 'urn:x', valueCode: 'a', extension: [{ url: 'y', valueCode: 'b' }] }] }),
      [['invariant', 'Observation.extension[0]']],
    ],
    [
      'an extension with neither',
      anObservation({ extension: [{ url: 'urn:x' }] }),
      [['invariant', 'Observation.extension[0]']],
    ],
    [
      'a nested component',
      anObservation({ component: [{ valueInteger: 1 }] }),
      [['required', 'Observation.component[0].code']],
    ],
    [
      'a control character',
      anObservation({ valueQuantity: { unit: 'a\u0000b' } }),
      [['value', 'Observation.value.unit']],
    ],
    [
      'a contained resource that contains another',
      aCondition({ contained: [aPatient({ id: 'p', contained: [aPatient({ id: 'q' })] })] }),
      [['invariant', 'Condition.contained[0].contained']],
    ],
    [
      'a contained resource that is wrong',
      aCondition({ contained: [{ resourceType: 'Patient', gender: 'f' }] }),
      [['code-invalid', 'Condition.contained[0].gender']],
    ],
  ])('says where %s is', (_what, value, expected) => {
    expect(found(json(JSON.stringify(value)))).toEqual(expected);
  });

  it('reports every issue of a resource, up to the limit', () => {
    const wrong = anObservation({ status: 'x', code: 1, subject: 2 });
    expect(found(wrong)).toHaveLength(3);
    const many = validateFhir(aPatient({ name: Array.from({ length: issuesMax + 30 }, () => ({ use: 'x' })) }));
    expect(many).toHaveLength(issuesMax + 1);
    expect(many.at(-1)).toMatchObject({ diagnostics: '30 more issues are not listed; repair these first.' });
  });

  it('gives expressions from the root of the message', () => {
    expect(validateFhir(anObservation({ status: 'x' }), 'Bundle.entry[3].resource')[0]?.expression).toBe(
      'Bundle.entry[3].resource.status',
    );
    expect(
      validateElement('Bundle.entry', { resource: anObservation({ status: 'x' }) }, 'Bundle.entry[3]')[0]?.expression,
    ).toBe('Bundle.entry[3].resource.status');
    expect(found(aBundle('batch', [aPost(anObservation({ status: 'x' }))]))).toEqual([
      ['code-invalid', 'Bundle.entry[0].resource.status'],
    ]);
  });

  it('quotes nothing that was sent', () => {
    const planted = 'Jane-Doe-MRN-123';
    const everywhere = {
      resourceType: 'Observation',
      [planted]: planted,
      status: planted,
      code: planted,
      subject: { reference: planted, [planted]: 1 },
    };
    expect(JSON.stringify(validateFhir(everywhere))).not.toContain(planted);
    expect(JSON.stringify(validateFhir({ resourceType: planted }))).not.toContain(planted);
  });
});

describe('hostile input', () => {
  const nested = (depth: number, open: string, inner: string, close: string) =>
    open.repeat(depth) + inner + close.repeat(depth);

  it.each([
    ['lists', nested(100_000, '[', '1', ']')],
    [
      'extensions',
      `{"resourceType":"Basic","extension":[${nested(20_000, '{"url":"x","extension":[', '{"url":"x"}', ']}')}]}`,
    ],
    ['Bundles', nested(20_000, '{"resourceType":"Bundle","type":"batch","entry":[{"resource":', '1', '}]}')],
    ['contained resources', nested(20_000, '{"resourceType":"Basic","code":{"text":"x"},"contained":[', '1', ']}')],
    ['objects of an unknown element', `{"resourceType":"Basic","x":${nested(100_000, '{"a":', '1', '}')}}`],
  ])('nested deeply is found wrong: %s', (_what, text) => {
    expect(validateFhir(json(text)).length).toBeGreaterThan(0);
  });

  it('is accepted down to the allowed depth', () => {
    const part = (depth: number): object => (depth === 0 ? { linkId: 'x' } : { linkId: 'x', item: [part(depth - 1)] });
    const answers = (depth: number) => ({
      resourceType: 'QuestionnaireResponse',
      status: 'completed',
      item: [part(depth)],
    });
    expect(validateFhir(answers(depthMax - 2))).toEqual([]);
    expect(validateFhir(answers(depthMax))).toMatchObject([{ code: 'structure' }]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])(
    'named %s is an unknown element',
    (name) => {
      expect(validateFhir(json(`{"resourceType":"Basic","code":{"text":"x"},"${name}":{"status":"x"}}`))).toMatchObject(
        [{ code: 'structure', expression: 'Basic' }],
      );
      expect(validateFhir(json(`{"resourceType":"${name}"}`))).toMatchObject([{ code: 'structure' }]);
      expect(({} as { status?: string }).status).toBeUndefined();
    },
  );

  it.each([
    ['a code', { status: ' '.repeat(200_000) + 'x' }],
    ['base64', { valueAttachment: { data: ' '.repeat(200_000) + '!' } }],
    ['a date', { effectiveDateTime: '2024-01-01T00:00:00.' + '1'.repeat(200_000) }],
    ['a text', { valueString: 'a'.repeat(500_000) }],
  ])('of great length is checked in time linear to it: %s', (_what, over) => {
    const started = process.cpuUsage();
    validateFhir(anObservation(over));
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(500);
  });

  it('of any JSON shape gives issues and throws no error', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => Array.isArray(validateFhir(value))),
      { numRuns: 300 },
    );
    const mutated = fc.tuple(fc.constantFrom(...Object.keys(anObservation())), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(mutated, ([name, value]) => Array.isArray(validateFhir({ ...anObservation(), [name]: value }))),
      { numRuns: 300 },
    );
  });
});

describe('the table of R4', () => {
  it('has every resource type, and each finds a wrong type in each of its elements', () => {
    expect(resourceTypes().length).toBeGreaterThanOrEqual(146);
    for (const resourceType of resourceTypes()) {
      expect(validateFhir({ resourceType, id: 1 }, resourceType)).toContainEqual(
        expect.objectContaining({ expression: `${resourceType}.id`, code: 'value' }),
      );
    }
  });
});
