import { expect, it } from '@jest/globals';
import { parseExactJson } from '@medrex/contracts';
import type { FhirResource } from '../fhir/datatypes.ts';
import { textOfResource } from './sealed-resource.ts';

it('a resource is sealed with its decimals as they were sent', () => {
  const text =
    '{"resourceType":"Observation","valueQuantity":{"value":1.50},"component":[{"valueQuantity":{"value":1E2}}]}';
  expect(textOfResource(parseExactJson(text) as FhirResource, () => undefined)).toBe(text);
});
