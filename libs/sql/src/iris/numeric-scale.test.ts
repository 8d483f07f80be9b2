import { beforeAll, describe, expect, it } from '@jest/globals';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';
import { scaleDigits } from './quotient.ts';

describe('the scale of a numeric', () => {
  let translator: IrisTranslator;

  beforeAll(async () => {
    translator = await IrisTranslator.load({ version: '2025.2' }, wardCatalog);
  });

  /** The value with that scale; undefined: unknown. */
  const written = (expression: string, value: string): string | undefined => {
    const [translation] = translator.translate(
      `select ${expression} from (select score::numeric(6, 2) as x, id from patients) p`,
    );
    if (translation?.kind !== 'iris') throw new Error(JSON.stringify(translation));
    const scale = translation.columns?.[0]?.scale;
    return scale === undefined ? undefined : Number(value).toFixed(scaleDigits(value, scale));
  };

  it.each([
    ['coalesce(sum(x), 0)', '62.5', '62.50'],
    ['coalesce(sum(x), 0)', '0', '0'],
    ['coalesce(sum(x), 0.0)', '0', '0.0'],
    ['case when id > 1 then x when id = 1 then -1 else 2.5 end', '-1', '-1'],
    ['case when id > 1 then x when id = 1 then -1 else 2.5 end', '2.50', '2.5'],
    ['case when id > 1 then x when id = 1 then -1 else 2.5 end', '7', '7.00'],
    ['sum(case when id > 1 then x else 0 end)', '1200.5', '1200.50'],
    ['sum(case when id > 1 then x else 0 end)', '.00', '0'],
    ['avg(case when id > 1 then x else 0 end)', '2', '2.0000000000000000'],
    ['greatest(x, 60)', '60', '60'],
    ['greatest(x, 60)', '62.5', '62.50'],
    ['lag(x, 1, 0) over (order by id)', '1.5', '1.50'],
    ['lead(x, 2) over (order by id)', '1.5', '1.50'],
    ['coalesce(sum(x), 0) * 1.1', '68.75', '68.750'],
    ['coalesce(sum(x), 0) * 1.1', '0', '0.0'],
    ['coalesce(sum(x), 0) + coalesce(min(x), 0)', '3', '3.00'],
    ['coalesce(sum(x), 0) + 1.5', '3', '3.00'],
    ['coalesce(sum(x), 0) / 3', '2', '2.0000000000000000'],
    ['avg(x) / 60', '25275', '25275.000000000000'],
    ['mod(x, 7.5)', '2.5', '2.50'],
    ['x / 3 * 100', '33.5', '33.50000000000000000000'],
    ['10 / 4.0 * 2', '5', '5.0000000000000000'],
    ['sqrt(x)', '7.905694150420948', '7.905694150420948'],
    ['sqrt(x)', '0.25', '0.25000000000000000'],
    ['sqrt(x)', '100', '100.0000000000000'],
    ['exp(1.0)', '2.7182818284590452', '2.7182818284590451'],
    ['exp(x)', '12.182493960703473', '12.182493960703473'],
    ['max(ln(x))', '4.135166556742356', '4.1351665567423561'],
    ['ln(x)', '-0.105360515657826', '-0.10536051565782600'],
    ['log(x)', '2', '2.0000000000000000'],
    ['log(x)', '0', '0.0000000000000000'],
  ])('of %s is that of %s', (expression, value, expected) => expect(written(expression, value)).toBe(expected));

  it.each([
    'sum(case when id > 1 then x else 1 end)', // 2.00, or 2 of rows that are all 1
    'case when id > 1 then x when id = 1 then 0.0 else 0 end',
    'case when id > 1 then x else x * x end',
    'coalesce(x, 1) + 0.5',
    'avg(x) / 0.5',
    'ln(x) + 1',
    '-ln(x)',
    'exp(x / 3)',
    'power(x, 2)', // other zeros from PostgreSQL 16 on
  ])('of %s is unknown', (expression) => expect(written(expression, '1')).toBeUndefined());
});
