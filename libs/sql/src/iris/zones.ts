/** The years of which the clock of a zone is known; a moment of any other ends in a division by zero. */
export const zoneYears = { first: 1950, last: 2069 } as const;

/** Where the clock of a zone was set. */
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
/** No zone has left two changes so close to each other since 1950. */
const step = 29 * day;

const clocks = new Map<string, Clock | undefined>();

/** The clock of a zone by its name, such as Europe/Berlin; undefined where there is none, or its offsets are no whole minutes. */
export function clockOf(zone: string): Clock | undefined {
  if (!/^[a-z_]+(?:\/[a-z0-9_+-]+)+$/i.test(zone)) return undefined;
  const key = zone.toLowerCase();
  if (!clocks.has(key)) {
    const offsetAt = offsetsOf(zone);
    const clock = offsetAt === undefined ? undefined : readClock(offsetAt);
    if (clock === undefined) return undefined; // only what there is is kept
    clocks.set(key, clock);
  }
  return clocks.get(key);
}

/** Minutes east of Greenwich at a moment; NaN where they are not whole. */
function offsetsOf(zone: string): ((at: number) => number) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    return undefined; // a RangeError: there is no such zone
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
    // Most changes come on the same day of the week as those of the year before: asking is what costs.
    const likely = changes.slice(-4).flatMap((known) => [known.at + 52 * 7 * day, known.at + 53 * 7 * day]);
    const isChange = (moment: number): boolean => offsetAt(moment) === next && offsetAt(moment - 1) === offset;
    const known = likely.find((moment) => moment > at && moment <= at + step && isChange(moment));
    changes.push({ at: known ?? firstAfter(at, at + step, (moment) => offsetAt(moment) !== offset), offset: next });
    offset = next;
  }
  return [first, ...changes.map((change) => change.offset)].some(Number.isNaN) ? undefined : { first, changes };
}

/** The first minute of which something is true that stays true to the end. */
function firstAfter(start: number, end: number, is: (at: number) => boolean): number {
  let [before, after] = [start, end];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (is(middle)) after = middle;
    else before = middle;
  }
  return after;
}

/** A clock as constants: of each year when it was set, one text for its first change, one for its second, and so on. */
export interface YearTable {
  /** MMDDHHMI, eight digits for each year. */
  readonly changes: readonly string[];
  /** Minutes east of Greenwich before the first change, before the second, ... and behind the last: a sign and three digits each. */
  readonly offsets: readonly string[];
}

export const digitsOf = { change: 8, offset: 4 } as const;
const never = '99999999';

/** @param isLocal changes are told by the clock as it was set, and not in UTC: what was skipped is of the old one, what came twice of the new */
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
