import { describe, expect, it } from '@jest/globals';
import { bundlesOf } from './lines-as-bundles.ts';

const file = (text: string) => ({ name: 'a.ndjson', digest: 'd', bytes: Buffer.from(text) });
const patient = '{"resourceType":"Patient","id":"p1"}';
const reading = '{"resourceType":"Observation"}';

interface Bundle {
  readonly type: string;
  readonly entry: readonly { readonly request: unknown }[];
}

/** The Bundles that the text makes. */
function made(text: string): readonly Bundle[] {
  const bundles = bundlesOf(file(text));
  if ('problem' in bundles) throw new Error(bundles.problem);
  return bundles.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Bundle);
}

describe('a file with a resource a line', () => {
  it('becomes a batch, each resource under its own id where it has one', () => {
    const [bundle] = made(`${patient}\r\n\n${reading}`);
    expect(bundle?.type).toBe('batch');
    expect(bundle?.entry.map(({ request }) => request)).toEqual([
      { method: 'PUT', url: 'Patient/p1' },
      { method: 'POST', url: 'Observation' },
    ]);
  });

  it('becomes several when it is long', () => {
    expect(made(`${reading}\n`.repeat(401)).map(({ entry }) => entry.length)).toEqual([200, 200, 1]);
  });

  it.each([
    [`${patient}\n{"a":1}\n`, 'line 2 is no FHIR resource as JSON'],
    ['not JSON', 'line 1 is no FHIR resource as JSON'],
    ['[1]', 'line 1 is no FHIR resource as JSON'],
    [' \n', 'holds nothing but blank lines'],
  ])('is not begun when %j', (text, problem) => {
    expect(bundlesOf(file(text))).toEqual({ problem });
  });
});
