/** The years with known offsets; a timestamp outside of these causes a division by zero. */
export const zoneYears = { first: 1950, last: 2069 } as const;

/** A change of a zone's offset. */
interface Change {
  /** Minutes since 1970, in UTC. */
  readonly at: number;
  /** Minutes east of Greenwich from then on. */
  readonly offset: number;
}

interface Clock {
  /** Minutes east of Greenwich before all changes. */
  readonly first: number;
  readonly changes: readonly Change[];
}

const minute = 60_000;
const minutesOf = (year: number): number => Date.UTC(year) / minute;
const day = 24 * 60;
/** Search step: no zone has had two changes closer than this since 1950. */
const step = 29 * day;

const clocks = new Map<string, Clock | undefined>();

/** The offsets of a zone such as Europe/Berlin; undefined if it is unknown, or has offsets of fractional minutes. */
export function clockOf(zone: string): Clock | undefined {
  if (!/^[a-z_]+(?:\/[a-z0-9_+-]+)+$/i.test(zone)) return undefined;
  const key = zone.toLowerCase();
  if (!clocks.has(key)) {
    const offsetAt = offsetsOf(zone);
    const clock = offsetAt === undefined ? undefined : readClock(offsetAt);
    if (clock === undefined) return undefined; // unknown names must not fill the cache
    clocks.set(key, clock);
  }
  return clocks.get(key);
}

/** Returns the offset in minutes at a time; NaN if it is fractional. */
function offsetsOf(zone: string): ((at: number) => number) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    return undefined; // RangeError: unknown zone
  }
  return (at) => {
    const text = format.format(at * minute);
    const [, sign = '', hours = '0', minutes = '0', seconds] = /GMT(?:([+-])(\d\d):(\d\d)(:\d\d)?)?$/.exec(text) ?? [];
    const size = Number(hours) * 60 + Number(minutes);
    return seconds === undefined ? (sign === '-' ? -size : size) : Number.NaN;
  };
}

function readClock(offsetAt: (at: number) => number): Clock | undefined {
  const [start, end] = [minutesOf(zoneYears.first) - step, minutesOf(zoneYears.last + 1) + step];
  const first = offsetAt(start);
  const changes: Change[] = [];
  let offset = first;
  for (let at = start; at < end; at += step) {
    const next = offsetAt(at + step);
    if (next === offset) continue;
    // Tries 52 weeks after the changes of the year before first, as looking up offsets is expensive.
    const likely = changes.slice(-4).flatMap((known) => [known.at + 52 * 7 * day, known.at + 53 * 7 * day]);
    const isChange = (moment: number): boolean => offsetAt(moment) === next && offsetAt(moment - 1) === offset;
    const known = likely.find((moment) => moment > at && moment <= at + step && isChange(moment));
    changes.push({ at: known ?? firstAfter(at, at + step, (moment) => offsetAt(moment) !== offset), offset: next });
    offset = next;
  }
  return [first, ...changes.map((change) => change.offset)].some(Number.isNaN) ? undefined : { first, changes };
}

/** Binary search for the first minute at which a monotonic condition is true. */
function firstAfter(start: number, end: number, is: (at: number) => boolean): number {
  let [before, after] = [start, end];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (is(middle)) after = middle;
    else before = middle;
  }
  return after;
}

/** Offsets as constants: one text with the first change of each year, one with the second, and so on. */
export interface YearTable {
  /** MMDDHHMI of each year, eight digits. */
  readonly changes: readonly string[];
  /** Offsets in minutes before the first change, before the second, and so on, and after the last: a sign and three digits each. */
  readonly offsets: readonly string[];
}

export const digitsOf = { change: 8, offset: 4 } as const;
const never = '99999999';

/** @param isLocal changes in local time instead of UTC: skipped times belong to the old offset, repeated ones to the new */
export function yearTable({ first, changes }: Clock, isLocal: boolean): YearTable {
  const set = changes.map(({ at, offset }) => {
    const shown = new Date((isLocal ? at + offset : at) * minute);
    return { year: shown.getUTCFullYear(), key: shown.toISOString().replaceAll(/\D/g, '').slice(4, 12), offset };
  });
  const years = Array.from({ length: zoneYears.last - zoneYears.first + 1 }, (_, at) => zoneYears.first + at);
  const slots = Math.max(...years.map((year) => set.filter((change) => change.year === year).length));
  const ofYears = years.map((year) => {
    const own = set.filter((change) => change.year === year);
    const before = set.findLast((change) => change.year < year)?.offset ?? first;
    return { keys: own.map(({ key }) => key), offsets: [before, ...own.map(({ offset }) => offset)] };
  });
  return {
    changes: Array.from({ length: slots }, (_, slot) => ofYears.map(({ keys }) => keys[slot] ?? never).join('')),
    offsets: Array.from({ length: slots + 1 }, (_, slot) =>
      ofYears.map(({ offsets }) => signed(offsets[slot] ?? offsets.at(-1) ?? first)).join(''),
    ),
  };
}

const signed = (minutes: number): string =>
  `${minutes < 0 ? '-' : '+'}${String(Math.abs(minutes)).padStart(digitsOf.offset - 1, '0')}`;
