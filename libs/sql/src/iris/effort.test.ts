import { beforeAll, describe, expect, it } from '@jest/globals';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

let translator: IrisTranslator;

beforeAll(async () => {
  translator = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
});

const nested = (times: number, start: string, around: (inner: string) => string): string =>
  Array.from({ length: times }).reduce<string>((inner) => around(inner), start);

describe('the translation of a short statement', () => {
  it.each([
    ['numbers', nested(14, 'cost', (inner) => `round(${inner}::float8)`)],
    ['casts', nested(14, 'cost', (inner) => `${inner}::text::int`)],
    ['tests', nested(14, '(cost > 2)', (inner) => `(${inner} is distinct from (cost > 1))`)],
  ])('does not exceed the longest statement of IRIS: %s of %s', (_, value) => {
    const [translation] = translator.translate(`select ${value} from encounters`);
    expect(translation).toMatchObject({ kind: 'refused', fault: { sqlstate: '54001' } });
  });

  it('does not exceed some thousand queries', () => {
    const text = nested(14, 'select id as a from patients', (inner) => {
      return `select a, count(*) as b from (${inner}) x group by rollup(a)`;
    });
    expect(translator.translate(text)[0]).toMatchObject({ kind: 'refused', fault: { sqlstate: '54001' } });
  });

  it('does not exceed the stack', () => {
    const parts = Array.from({ length: 4_000 }, (_, at) => `select id from wards where id = ${at}`);
    const [translation] = translator.translate(parts.join(' union all '));
    expect(translation).toMatchObject({ kind: 'refused', fault: { sqlstate: '54001' } });
  });

  it('grows linearly with a chain of UNION', () => {
    const parts = Array.from({ length: 60 }, (_, at) => `select 'wards' as kind, label, ${at} from wards`);
    const [translation] = translator.translate(`select kind from (${parts.join(' union ')}) x`);
    expect(translation?.kind).toBe('iris');
  });
});
