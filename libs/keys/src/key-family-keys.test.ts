import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  appendOnlyKey,
  appendOnlyRange,
  counterBaseKey,
  counterDeltaKey,
  counterRange,
  ensureKey,
  ensureRange,
  keySpaces,
  parseAppendOnlyKey,
  parseCounterKey,
  parseEnsureKey,
  parseShardKey,
  parseSlotKey,
  parseTimeSeriesKey,
  shardKey,
  shardOf,
  shardRange,
  slotKey,
  slotRange,
  timeSeriesKey,
  timeSeriesRange,
  type KeyRange,
  type StateKey,
} from './index.ts';
import { hostileText } from './testing/index.ts';

const space = fc.constantFrom(...keySpaces);
const time = fc.integer({ min: -2_000_000_000_000, max: 4_000_000_000_000 }).map((ms) => new Date(ms).toISOString());
// Few words, so that two keys often agree in all but one part.
const word = fc.constantFrom('', 'a', 'b', '~', 'a~', 't', 'e');

const families = {
  timeSeries: [
    fc.record({ space, entity: hostileText, subject: hostileText, code: hostileText, time, id: hostileText }),
    timeSeriesKey,
    parseTimeSeriesKey,
  ],
  appendOnly: [
    fc.record({ space, entity: hostileText, subject: hostileText, id: hostileText }),
    appendOnlyKey,
    parseAppendOnlyKey,
  ],
  shard: [fc.record({ space, entity: hostileText, id: hostileText, shard: fc.nat() }), shardKey, parseShardKey],
  slot: [fc.record({ schedule: hostileText, start: time }), slotKey, parseSlotKey],
  ensure: [fc.record({ space, entity: hostileText, digest: hostileText }), ensureKey, parseEnsureKey],
} as const;

const within = (key: string, { start, end }: KeyRange): boolean => key >= start && key < end;

describe('every family', () => {
  it.each(Object.entries(families))('%s: parse undoes build for any input', (_, [input, build, parse]) => {
    fc.assert(
      fc.property(input as fc.Arbitrary<never>, (parts: object) => {
        const key = build(parts as never);
        const parsed = parse(key) as object | undefined;
        expect(parsed === undefined ? undefined : build(parsed as never)).toBe(key);
        expect(withoutTime(parsed ?? {})).toEqual(withoutTime(parts));
      }),
    );
  });

  it('has distinct keys, also under one entity', () => {
    const input = fc.record({ entity: word, one: word, two: word, three: word, time, shard: fc.nat(3) });
    fc.assert(
      fc.property(input, input, (a, b) => {
        const keys = [familyKeys(a), familyKeys(b)] as const;
        for (const [place, key] of keys[0].entries()) {
          for (const [other, otherKey] of keys[1].entries()) if (place !== other) expect(key).not.toBe(otherKey);
        }
        const parsers = [
          parseTimeSeriesKey,
          parseAppendOnlyKey,
          parseShardKey,
          parseEnsureKey,
          parseCounterKey,
          parseCounterKey,
          parseSlotKey,
        ];
        for (const [place, key] of keys[0].entries()) {
          const readers = parsers.filter((parse) => parse(key) !== undefined);
          expect(readers.every((parse) => parse === parsers[place])).toBe(true);
        }
      }),
    );
  });
});

/** Times come back in UTC, so the keys are compared instead. */
function withoutTime(parts: object): object {
  return { ...parts, time: undefined, start: undefined };
}

interface KeyParts {
  readonly entity: string;
  readonly one: string;
  readonly two: string;
  readonly three: string;
  readonly time: string;
  readonly shard: number;
}

function familyKeys({ entity, one, two, three, time: at, shard }: KeyParts): StateKey[] {
  return [
    timeSeriesKey({ space: 'scheduling', entity, subject: one, code: two, time: at, id: three }),
    appendOnlyKey({ space: 'scheduling', entity, subject: one, id: two }),
    shardKey({ space: 'scheduling', entity, id: one, shard }),
    ensureKey({ space: 'scheduling', entity, digest: one }),
    counterDeltaKey(entity, one),
    counterBaseKey(entity),
    slotKey({ schedule: one, start: at }),
  ];
}

describe('time series', () => {
  const series = { space: 'clinical', entity: 'vit' } as const;
  const reading = fc.record({ subject: word, code: word, time, id: fc.constantFrom('1', '2', '~') });

  it('returns exactly the readings of one patient and code in the window, ordered by time', () => {
    fc.assert(
      fc.property(
        fc.array(reading),
        word,
        word,
        fc.option(time),
        fc.option(time),
        (readings, subject, code, from, to) => {
          const window = {
            ...series,
            subject,
            code,
            ...(from === null ? {} : { from }),
            ...(to === null ? {} : { to }),
          };
          const range = timeSeriesRange(window);
          const found = readings
            .map((one) => timeSeriesKey({ ...series, ...one }))
            .filter((key) => within(key, range))
            .sort();
          const wanted = readings
            .filter((one) => one.subject === subject && one.code === code)
            .filter((one) => (from === null || one.time >= from) && (to === null || one.time < to))
            .map((one) => [one.time, one.id, timeSeriesKey({ ...series, ...one })] as const)
            .sort((a, b) => (a[0] + a[1] < b[0] + b[1] ? -1 : 1));
          expect(found.map((key) => Date.parse(parseTimeSeriesKey(key)!.time))).toEqual(
            wanted.map(([at]) => Date.parse(at)),
          );
          expect(new Set(found)).toEqual(new Set(wanted.map(([, , key]) => key)));
        },
      ),
    );
  });

  it('keeps two readings at one instant, and puts a late one in its right place', () => {
    const at = (when: string, id: string) => timeSeriesKey({ ...series, subject: 'p', code: '8867-4', time: when, id });
    const inOrder = [
      at('2024-05-01T09:59:59Z', 'late'),
      at('2024-05-01T12:00:00+02:00', 'cuff'),
      at('2024-05-01T10:00:00Z', 'probe'),
      at('2024-05-01T10:00:00.5Z', 'next'),
    ];
    expect([...inOrder].reverse().sort()).toEqual(inOrder);
    expect(new Set(inOrder).size).toBe(4);
  });
});

describe('ranges', () => {
  const input = fc.record({ entity: word, one: word, two: word, three: word, time, shard: fc.nat(3) });

  it('contain exactly the keys of their family and prefix', () => {
    fc.assert(
      fc.property(input, input, (a, b) => {
        const [series, record, shard, ensured, delta, base, slot] = familyKeys(b) as [StateKey, StateKey, StateKey, StateKey, StateKey, StateKey, StateKey]; // prettier-ignore
        const all = [series, record, shard, ensured, delta, base, slot];
        const scheduling = { space: 'scheduling', entity: a.entity } as const;
        const same = a.entity === b.entity;
        const isMine = same && a.one === b.one;
        const inside = (range: KeyRange) => all.filter((key) => within(key, range));
        expect(inside(appendOnlyRange(scheduling))).toEqual(same ? [record] : []);
        expect(inside(appendOnlyRange({ ...scheduling, subject: a.one }))).toEqual(isMine ? [record] : []);
        expect(inside(shardRange({ ...scheduling, id: a.one }))).toEqual(isMine ? [shard] : []);
        expect(inside(ensureRange(scheduling))).toEqual(same ? [ensured] : []);
        expect(inside(counterRange(a.entity))).toEqual(same ? [delta, base] : []);
        expect(inside(slotRange({ schedule: a.one }))).toEqual(a.one === b.one ? [slot] : []);
        expect(inside(timeSeriesRange({ ...scheduling, subject: a.one, code: a.two }))).toEqual(
          isMine && a.two === b.two ? [series] : [],
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('slots', () => {
  it('have one key per schedule and instant, whatever its offset', () => {
    const slot = (schedule: string, start: string) => slotKey({ schedule, start });
    expect(slot('dr-a', '2024-05-01T10:00:00Z')).toBe(slot('dr-a', '2024-05-01T12:00:00.000+02:00'));
    const others = [slot('dr-a', '2024-05-01T10:15:00Z'), slot('dr-b', '2024-05-01T10:00:00Z')];
    expect(others).not.toContain(slot('dr-a', '2024-05-01T10:00:00Z'));
    expect(parseSlotKey(slot('dr-a', '2024-05-01T12:00:00+02:00'))).toEqual({
      schedule: 'dr-a',
      start: '2024-05-01T10:00:00Z',
    });
  });

  it('of a day are one range', () => {
    const day = slotRange({ schedule: 'dr-a', from: '2024-05-01', to: '2024-05-02' });
    const times = ['2024-04-30T23:59:59Z', '2024-05-01', '2024-05-01T23:59:59.9Z', '2024-05-02T00:00:00Z'];
    expect(times.map((start) => within(slotKey({ schedule: 'dr-a', start }), day))).toEqual([false, true, true, false]);
  });
});

describe('shards', () => {
  it('distribute ids evenly and deterministically', () => {
    const hits = Array<number>(8).fill(0);
    for (let id = 0; id < 8000; id++) hits[shardOf(`patient-${id}`, 8)]!++;
    expect(Math.min(...hits)).toBeGreaterThan(850);
    expect(Math.max(...hits)).toBeLessThan(1150);
    expect(shardOf('21', 4)).toBe(shardOf('21', 4));
  });

  it('refuse invalid numbers', () => {
    for (const shard of [-1, 0.5, Number.NaN, 2 ** 60]) {
      const build = () => shardKey({ space: 'clinical', entity: 'stock', id: 'a', shard });
      expect(build).toThrow(expect.objectContaining({ code: 'INVALID_SHARD' }));
    }
    expect(parseShardKey('cli~stock~s~a~01')).toBeUndefined();
    expect(parseShardKey('cli~stock~s~a~')).toBeUndefined();
    expect(parseShardKey('cli~stock~s~a~-1')).toBeUndefined();
  });
});
