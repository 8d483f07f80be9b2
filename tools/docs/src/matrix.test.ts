import { describe, expect, it } from '@jest/globals';
import type { HistoryLine } from './figures.ts';
import { isMatrix, matrixHeadlines, matrixTables } from './matrix.ts';

const one = (median: number, unit: string) => ({ median, min: median, max: median, unit, runs: 1 });

const line: HistoryLine = {
  bench: 'ledger',
  commit: 'abcdef012345',
  date: '2026-03-01T08:00:00.000Z',
  node: 'v24.9.0',
  cpu: 'a',
  cores: 2,
  ledger: 'fabric 3.1.5',
  workload: 'some work',
  figures: {
    'ward: gateway client: goodput': one(207.3, 'operations/s'),
    'ward: gateway client: VALID Fabric transactions': one(90.875, '%'),
    'ward: Medrex: goodput': { ...one(373, 'operations/s'), min: 360, max: 380, runs: 3 },
    'ward: Medrex: VALID Fabric transactions': one(100, '%'),
    'ward: Medrex: CPU per operation: peer-org1': one(0.4, 'ms'),
    'ward at 1000/s: goodput': one(950, 'operations/s'),
    'ward at 1000/s: latency p99': one(480, 'ms'),
  },
};

describe('a benchmark of many clients', () => {
  it('is recognised by its number of figures', () => {
    expect(isMatrix(line)).toBe(false);
    const many = Object.fromEntries(Array.from({ length: 61 }, (_, at) => [`a${at}: goodput`, one(1, 's')]));
    expect(isMatrix({ ...line, figures: many })).toBe(true);
  });

  it('has a row per case, and a separate table of processor time', () => {
    const text = matrixTables(line);
    expect(text).toContain('ledger: some work; fabric 3.1.5, abcdef012, 2026-03-01.');
    expect(text).toContain('| ledger | goodput, operations/s | VALID Fabric transactions, % | latency p99, ms |');
    expect(text).toContain('| ward: gateway client | 207 | 90.9 | - |');
    expect(text).toContain('| ward: Medrex | 373 (360 to 380) | 100 | - |');
    expect(text).toContain('| ledger | peer-org1, ms |');
    expect(text).toContain('| ward: Medrex | 0.4 |');
  });

  it('compares clients in the README', () => {
    const text = matrixHeadlines(line);
    expect(text).toContain('| workload | gateway client | Medrex |');
    expect(text).toContain('| ward | 207 (90.9 %) | 373 (360 to 380) (100 %) |');
    expect(text).toContain('| ward at 1000/s | 950 | - | - | 480 | - |');
  });
});
