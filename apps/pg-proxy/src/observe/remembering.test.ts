import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './outcome.ts';
import { QueryStatistics } from './query-statistics.ts';
import { slowAtOnceMax, slowMax, SlowSamples, type SlowSample } from './slow-samples.ts';
import { StatisticsFolder } from './statistics-folder.ts';
import { hourMs, noGauges, Trends, type Hour } from './trends.ts';

const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  database: 'app',
  user: 'app',
  fingerprint: 'f',
  normalised: 'select $1',
  workload: 'interactive',
  statements: [],
  rows: 1,
  bytes: 1,
  sqlstate: undefined,
  queueMs: 0,
  translateMs: 0,
  backendMs: 1,
  streamMs: 0,
  clientMs: 0,
  totalMs: 1,
  ...more,
});

describe('trends', () => {
  /** A statement in each second that has a tick, from just before an hour. */
  function ticked(skipped: readonly number[]): { hours: Hour[]; tens: number; minutes: number } {
    const hours: Hour[] = [];
    const trends = new Trends((hour) => hours.push(hour));
    const start = 500_000 * 3_600 - 70;
    for (let second = start; second <= start + 140; second++) {
      if (skipped.includes(second - start)) continue;
      trends.tick(second * 1_000, new Map([['app', { ...noGauges, idle: 1 }]]));
      trends.add(outcome());
    }
    const all = { fromMs: 0, toMs: (start + 200) * 1_000 };
    const sum = (resolution: number): number =>
      [...trends.points(resolution, 'app', all)].reduce((queries, { values }) => queries + (values[0] ?? 0), 0);
    return { hours, tens: sum(1), minutes: sum(2) };
  }

  it('have no place for database names with which nobody has logged in at the server', () => {
    const trends = new Trends(() => undefined);
    const waiting = { ...noGauges, clients: 1, waiting: 1 };
    trends.tick(1_000, new Map(Array.from({ length: 40 }, (_, at) => [`made up ${at}`, waiting])));
    trends.tick(2_000, new Map([['app', { ...noGauges, idle: 1 }]]));
    expect(trends.databases).toEqual(['app']);
  });

  it.each([
    ['each second', []],
    ['one second left out at the full hour', [70]],
    ['the process stopped over the full hour', [68, 69, 70, 71, 72, 73]],
  ])('end an hour where it ends: %s', (_how, skipped) => {
    const { hours, tens, minutes } = ticked(skipped);
    expect(hours.map(({ atMs }) => atMs)).toEqual([499_999 * hourMs]);
    // Nothing of what ended before the last ten seconds, or the last minute, is missing.
    const [all, ofHour] = [140 - skipped.length, 70 - skipped.filter((at) => at < 70).length];
    expect([tens, hours[0]?.point.queries]).toEqual([all, ofHour]);
    expect(minutes).toBe(ofHour + 60 - skipped.filter((at) => at >= 70).length);
  });
});

describe('figures of statements', () => {
  it('are limited to the configured number', () => {
    const queries = new QueryStatistics(200_000);
    for (let at = 0; at < 150_000; at++) queries.add(outcome({ fingerprint: `f${at}` }), at);
    expect(queries.find('f0')).toHaveLength(1);
  });
});

describe('the bottleneck of a statement', () => {
  it.each([
    ['queue', { queueMs: 9, backendMs: 5, streamMs: 5, clientMs: 5 }],
    ['translate', { translateMs: 9, backendMs: 5 }],
    ['backend', { backendMs: 9, streamMs: 5, clientMs: 5 }],
    ['backend', { backendMs: 1, streamMs: 9, clientMs: 2 }],
    ['client', { backendMs: 1, streamMs: 9, clientMs: 8 }],
    ['network', { backendMs: 0.1 }],
  ])('is the %s of %j', (expected, times) => {
    const queries = new QueryStatistics(10);
    for (const roundTripMs of [9, 0.1, 9]) queries.addRoundTrip('clinic', roundTripMs);
    const figures = queries.add(outcome({ database: 'clinic', ...times }), 0);
    expect(queries.bottleneckOf(figures)).toBe(expected);
  });

  it('is the backend if the only statement of a database is slow, or the round trip is unknown', () => {
    const queries = new QueryStatistics(10);
    const only = queries.add(outcome({ database: 'clinic', backendMs: 0.2 }), 0);
    expect(queries.bottleneckOf(only)).toBe('backend');
    queries.addRoundTrip('clinic', 0.05);
    expect(queries.bottleneckOf(only)).toBe('backend');
  });

  it('is the network again when the round trip has become longer', () => {
    const queries = new QueryStatistics(10);
    queries.addRoundTrip('clinic', 0.1);
    for (let at = 0; at < 10; at++) queries.addRoundTrip('clinic', 5);
    expect(queries.bottleneckOf(queries.add(outcome({ database: 'clinic', backendMs: 6 }), 0))).toBe('network');
  });
});

describe('slow statements', () => {
  it('are sampled once in ten seconds each, not all at once when everything is slow, and the rest is counted', () => {
    const slow = new SlowSamples();
    const wanted = (names: string[], nowMs: number): number =>
      names.filter((name) => slow.shouldRecord(name, nowMs)).length;
    const different = Array.from({ length: 10_000 }, (_, at) => `f${at}`);
    expect(wanted(['always', 'always', 'always'], 1_000)).toBe(1);
    expect(wanted(different, 2_000)).toBe(slowAtOnceMax - 1);
    expect(slow.takeSkipped(10_999)).toBe(0);
    expect(slow.takeSkipped(11_000)).toBe(2 + 10_000 - (slowAtOnceMax - 1));
    expect(slow.takeSkipped(11_000)).toBe(0);
    // One that was not written down was not seen: it is the first of its kind now.
    expect(wanted(['always', 'f0', 'f9999'], 11_500)).toBe(2);
    expect(wanted(['f0'], 12_000)).toBe(1);
  });
});

describe('the statistics folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-statistics-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('leaves unreadable files alone', async () => {
    const failed: unknown[] = [];
    const file = join(folder, 'hours.jsonl');
    symlinkSync('hours.jsonl', file);
    const kept = new StatisticsFolder(folder, (error) => failed.push(error));
    expect(await kept.load(0)).toEqual({ hours: [], slow: [] });
    await kept.flush();
    expect(failed).toEqual([expect.objectContaining({ code: 'ELOOP' })]);
    expect(readlinkSync(file)).toBe('hours.jsonl');
  });

  it('says once that it cannot be written, until it can be again', async () => {
    const failed: unknown[] = [];
    const file = join(folder, 'slow.jsonl');
    const kept = new StatisticsFolder(folder, (error) => failed.push(error));
    const addTwo = async (): Promise<void> => {
      for (const query of ['one', 'two']) kept.addSlow({ atMs: 1, fingerprint: 'f', query } as SlowSample, []);
      await kept.flush();
    };
    for (const times of [1, 2]) {
      mkdirSync(file);
      await addTwo();
      expect(failed).toHaveLength(times);
      rmSync(file, { recursive: true });
      await addTwo();
      expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
      rmSync(file);
    }
  });

  it('does not grow for ever', async () => {
    const failed: unknown[] = [];
    const kept = new StatisticsFolder(folder, (error) => failed.push(error));
    const sample = { atMs: 1, fingerprint: 'f', query: 'q' } as SlowSample;
    const samples = Array.from({ length: slowMax }, () => sample);
    for (let at = 0; at < 2 * slowMax + 5; at++) kept.addSlow(sample, samples);
    await kept.flush();
    expect(failed).toEqual([]);
    expect(readFileSync(join(folder, 'slow.jsonl'), 'utf8').split('\n')).toHaveLength(slowMax + 4 + 1);
  }, 120_000);
});
