import { describe, expect, it } from '@jest/globals';
import type { HistoryLine } from './figures.ts';
import { headlineTables } from './headlines.ts';
import { isMatrix } from './matrix.ts';

const one = (median: number, by = 0) => ({ median, min: median - by, max: median + by, unit: 'x', runs: 3 });

const of = (way: string) => ({
  [`${way}, direct`]: one(50_000),
  [`${way}, p99 of direct`]: one(0.2),
  [`${way}, pg-proxy`]: one(17_000.4, 100),
  [`${way}, CPU of pg-proxy per transaction`]: one(24.6),
  [`${way}, PgBouncer 1.25`]: one(20_000),
  [`${way}, CPU of PgBouncer 1.25 per transaction`]: one(18.4),
  [`${way}, pg-proxy over PgBouncer 1.25`]: one(0.85, 0.011),
  [`${way}, p99 of pg-proxy over PgBouncer 1.25`]: one(1.1, 0.2),
});

const line: HistoryLine = {
  bench: 'pg-proxy',
  commit: 'abcdef012345',
  date: '2026-03-01T08:00:00.000Z',
  node: 'v24.9.0',
  cpu: 'a',
  cores: 2,
  ledger: 'none',
  workload: 'some work',
  figures: Object.assign(
    {},
    ...Array.from({ length: 9 }, (_, at) => of(`way ${at}, of many`)),
  ) as HistoryLine['figures'],
};

describe('the figures of poolers', () => {
  it('have a row per way in the README, with ratios to the other pooler', () => {
    const text = headlineTables([line]);
    expect(text).toContain(
      'pg-proxy compared with PgBouncer 1.25, transactions/s (some work). Ratios are pg-proxy / PgBouncer 1.25; abcdef012, 2026-03-01:',
    );
    expect(text).toContain(
      '| way 3, of many | 50,000 | 17,000 | 20,000 | 0.85 (0.84 to 0.86) | 1.10 (0.90 to 1.30) | 25 | 18 |',
    );
    expect(text.match(/^\| way/gm)).toHaveLength(9);
  });

  it('are shown without ratios when the other pooler was not measured', () => {
    const figures = Object.fromEntries(Object.entries(line.figures).filter(([name]) => !name.includes('PgBouncer')));
    expect(headlineTables([{ ...line, figures }])).toContain(
      '| way 0, of many | 50,000 | 17,000 | - | - | - | 25 | - |',
    );
  });

  it('are not taken for a benchmark of many clients', () => {
    expect(Object.keys(line.figures).length).toBeGreaterThan(60);
    expect(isMatrix(line)).toBe(false);
  });
});
