/** The parts of an interval as in the binary format. */
export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

const microsPerSecond = 1_000_000n;
const microsPerDay = 86_400n * microsPerSecond;

/** An interval of days of 24 hours and microseconds, like the difference of two timestamps. */
export function intervalOfMicros(micros: bigint): Interval {
  return { months: 0, days: Number(micros / microsPerDay), micros: micros % microsPerDay };
}

/** In PostgreSQL's default style (`postgres`): `1 year 2 mons -3 days +04:05:06.7`. */
export function textOfInterval({ months, days, micros }: Interval): string {
  const parts: string[] = [];
  let wasNegative = false;
  const counts = [
    [Math.trunc(months / 12), 'year'],
    [months % 12, 'mon'],
    [days, 'day'],
  ] as const;
  for (const [count, unit] of counts) {
    if (count === 0) continue;
    parts.push(`${wasNegative && count > 0 ? '+' : ''}${count} ${unit}${count === 1 ? '' : 's'}`);
    wasNegative = count < 0;
  }
  if (micros !== 0n || parts.length === 0)
    parts.push(`${micros < 0n ? '-' : wasNegative ? '+' : ''}${clock(micros < 0n ? -micros : micros)}`);
  return parts.join(' ');
}

function clock(micros: bigint): string {
  const seconds = micros / microsPerSecond;
  const fraction = String(micros % microsPerSecond)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const two = (count: bigint): string => String(count).padStart(2, '0');
  const whole = `${two(seconds / 3_600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

const shape =
  /^(?:([+-]?\d+) years?)?(?: ?([+-]?\d+) mons?)?(?: ?([+-]?\d+) days?)?(?: ?([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;

/** The inverse of `textOfInterval`; undefined for any other text. */
export function intervalOfText(text: string): Interval | undefined {
  const match = text === '' ? null : shape.exec(text);
  if (match === null) return undefined;
  const [, years = '0', months = '0', days = '0', sign, hours = '0', minutes = '0', seconds = '0', fraction = ''] =
    match;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const micros = whole * microsPerSecond + BigInt(fraction.padEnd(6, '0'));
  return { months: Number(years) * 12 + Number(months), days: Number(days), micros: sign === '-' ? -micros : micros };
}
