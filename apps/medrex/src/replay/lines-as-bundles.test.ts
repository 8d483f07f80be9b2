import { describe, expect, it } from '@jest/globals';
import { bundlesOf } from './lines-as-bundles.ts';

const file = (text: string) => ({ name: 'a.ndjson', digest: 'd', bytes: Buffer.from(text) });
const patient = '{"resourceType":"Patient","id":"p1"}';
const reading = '{"resourceType":"Observation"}';

interface Bundle {
  readonly type: string;
  readonly entry: readonly { readonly request: unknown }[];
}

/** The Bundles made from a text. */
function made(text: string): readonly Bundle[] {
  const bundles = bundlesOf(file(text));
  if ('problem' in bundles) throw new Error(bundles.problem);
  return bundles.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Bundle);
}

describe('a file with one resource per line', () => {
  it('becomes a batch, each resource under its own id if it has one', () => {
    const [bundle] = made(`${patient}\r\n\n${reading}`);
    expect(bundle?.type).toBe('batch');
    expect(bundle?.entry.map(({ request }) => request)).toEqual([
      { method: 'PUT', url: 'Patient/p1' },
      { method: 'POST', url: 'Observation' },
    ]);
  });

  it('becomes several batches when it is long', () => {
    expect(made(`${reading}\n`.repeat(401)).map(({ entry }) => entry.length)).toEqual([200, 200, 1]);
  });

  it.each([
    [`${patient}\n{"a":1}\n`, 'line 2 is not a FHIR resource in JSON'],
    ['not JSON', 'line 1 is not a FHIR resource in JSON'],
    ['[1]', 'line 1 is not a FHIR resource in JSON'],
    [' \n', 'has only blank lines'],
  ])('is refused as a whole when it is %j', (text, problem) => {
    expect(bundlesOf(file(text))).toEqual({ problem });
  });
});
