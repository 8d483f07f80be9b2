/** An interval as in PostgreSQL: integers of months, days and microseconds. */
export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
}

export const microsPerSecond = 1_000_000;
export const microsPerDay = 86_400 * microsPerSecond;

/** Maximum of months and of days. */
const countMax = 2_147_483_647;

type Counted = readonly [field: keyof IntervalValue, count: number];

const units: ReadonlyMap<string, Counted> = new Map(
  (
    [
      ['microsecond microseconds us usec usecs usecond useconds', 'micros', 1],
      ['millisecond milliseconds ms msec msecs msecond mseconds', 'micros', 1_000],
      ['second seconds sec secs s', 'micros', microsPerSecond],
      ['minute minutes min mins m', 'micros', 60 * microsPerSecond],
      ['hour hours hr hrs h', 'micros', 3_600 * microsPerSecond],
      ['day days d', 'days', 1],
      ['week weeks w', 'days', 7],
      ['month months mon mons', 'months', 1],
      ['year years yr yrs y', 'months', 12],
      ['decade decades dec decs', 'months', 120],
      ['century centuries cent c', 'months', 1_200],
      ['millennium millennia mil mils', 'months', 12_000],
    ] as const
  ).flatMap(([names, field, count]) => names.split(' ').map((name) => [name, [field, count]] as const)),
);

const bits = { month: 1 << 1, year: 1 << 2, day: 1 << 3, hour: 1 << 10, minute: 1 << 11, second: 1 << 12 } as const;
type Field = keyof typeof bits;
const fieldOrder: readonly Field[] = ['second', 'minute', 'hour', 'day', 'month', 'year'];

/** The smallest field of `INTERVAL '...' DAY TO HOUR`, by the grammar's mask; undefined: none is named. */
export function smallestField(mask: number): Field | undefined {
  return mask === 0x7fff ? undefined : fieldOrder.find((field) => (mask & bits[field]) !== 0);
}

/**
 * Parses an interval as PostgreSQL does: `1 day 02:00`, `1.5 hours ago`, `1-2`, `P1DT2H`. A number without a unit counts in `smallest`
 * units, and smaller fields are truncated. Undefined: invalid.
 */
export function intervalValue(text: string, smallest?: Field): IntervalValue | undefined {
  const sum = { months: 0, days: 0, micros: 0 };
  const trimmed = text.trim().toLowerCase();
  const isRead = trimmed.startsWith('p') ? readIso(trimmed, sum) : readWords(trimmed, smallest ?? 'second', sum);
  if (!isRead || !Number.isSafeInteger(sum.micros) || Math.max(Math.abs(sum.months), Math.abs(sum.days)) > countMax)
    return undefined;
  return cut(sum, smallest);
}

type Sum = { -readonly [Name in keyof IntervalValue]: IntervalValue[Name] };

/** Adds a field; a fraction of a month becomes days (a month has 30), and a fraction of a day becomes time. */
function add(sum: Sum, [field, per]: Counted, count: number): void {
  const exact = Number((count * per).toPrecision(15));
  const whole = field === 'micros' ? Math.round(exact) : Math.trunc(exact);
  sum[field] += whole;
  const rest = Number((exact - whole).toPrecision(9));
  if (rest === 0 || field === 'micros') return;
  if (field === 'days') add(sum, ['micros', microsPerDay], rest);
  else if (per > 1) sum.months += Math.round(rest);
  else add(sum, ['days', 30], rest);
}

const token =
  /\s*(?:([+-]?)\s*(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?(?![\d:])|([+-]?)\s*(\d+)-(\d{1,2})(?![\d-])|([+-]?\s*(?:\d+\.?\d*|\.\d+))(?:\s*([a-z]+)(?![\w.:]))?)/y;

function readWords(text: string, unit: Field, sum: Sum): boolean {
  const isAgo = /\bago$/.test(text);
  const words = text.replace(/^@\s*/, '').replace(/\s*\bago$/, '');
  if (words === '') return false;
  const seen = new Set<string>();
  for (let at = 0; at < words.length; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(words);
    const name = match === null ? undefined : readToken(match, words, token.lastIndex, unit, sum);
    // PostgreSQL ignores the fraction of days after a time.
    const isForgotten = seen.has('clock') && match?.[8]?.includes('.') === true;
    if (name === undefined || seen.has(name) || isForgotten) return false;
    seen.add(name);
  }
  if (isAgo) for (const field of ['months', 'days', 'micros'] as const) sum[field] = 0 - sum[field];
  return true;
}

/** Reads a token and returns its kind, which may occur once; undefined: the token is invalid here. */
function readToken(match: RegExpExecArray, text: string, end: number, unit: Field, sum: Sum): string | undefined {
  const [, clockSign, hours, minutes = '', seconds = '0', yearSign, years, months = '', count, name] = match;
  if (hours !== undefined) {
    if (Number(minutes) > 59 || Number(seconds) >= 60) return undefined;
    const time = (Number(hours) * 60 + Number(minutes)) * 60 * microsPerSecond;
    const micros = time + Math.round(Number(seconds) * microsPerSecond);
    sum.micros += clockSign === '-' ? -micros : micros;
    return 'clock';
  }
  if (years !== undefined) {
    if (Number(months) > 11) return undefined;
    const all = Number(years) * 12 + Number(months);
    sum.months += yearSign === '-' ? -all : all;
    return 'years';
  }
  const isBeforeClock = name === undefined && /^\s+[+-]?\d+:/.test(text.slice(end));
  if (name === undefined && !isBeforeClock && end < text.length) return undefined;
  const counted = units.get(name ?? (isBeforeClock ? 'day' : unit));
  if (counted === undefined) return undefined;
  add(sum, counted, Number(count?.replace(/\s/g, '')));
  return counted.join();
}

const iso =
  /^p(?:(-?[\d.]+)y)?(?:(-?[\d.]+)m)?(?:(-?[\d.]+)w)?(?:(-?[\d.]+)d)?(t(?:(-?[\d.]+)h)?(?:(-?[\d.]+)m)?(?:(-?[\d.]+)s)?)?$/;

function readIso(text: string, sum: Sum): boolean {
  const [, years, months, weeks, days, time, hours, minutes, seconds] = iso.exec(text) ?? [];
  const counts = { year: years, month: months, week: weeks, day: days, hour: hours, minute: minutes, second: seconds };
  if (Object.values(counts).every((count) => count === undefined) || time === 't') return false;
  for (const [name, count] of Object.entries(counts)) {
    const counted = units.get(name);
    if (count === undefined || counted === undefined) continue;
    if (!/^-?(?:\d+\.?\d*|\.\d+)$/.test(count)) return false;
    add(sum, counted, Number(count));
  }
  return true;
}

function cut({ months, days, micros }: Sum, smallest: Field | undefined): IntervalValue {
  const down = (value: number, by: number): number => value - (value % by);
  switch (smallest) {
    case 'year':
      return { months: down(months, 12), days: 0, micros: 0 };
    case 'month':
      return { months, days: 0, micros: 0 };
    case 'day':
      return { months, days, micros: 0 };
    case 'hour':
      return { months, days, micros: down(micros, 3_600 * microsPerSecond) };
    case 'minute':
      return { months, days, micros: down(micros, 60 * microsPerSecond) };
    default:
      return { months, days, micros };
  }
}
