const dayMs = 86_400_000;
/** 2000-01-01, the epoch of PostgreSQL. */
const epochMs = Date.UTC(2000, 0, 1);
const endless = { infinity: 0x7fff_ffff, '-infinity': -0x8000_0000 } as const;
const endlessMicros = { infinity: 0x7fff_ffff_ffff_ffffn, '-infinity': -0x8000_0000_0000_0000n } as const;

const dateForm = /^(\d{4,6})-(\d\d)-(\d\d)/;
const timeForm = /^(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?/;
const zoneForm = /(?:Z|([-+])(\d\d):?(\d\d)?)$/;

const padded = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** Days since 2000-01-01. Undefined if the text is not an ISO date. */
export function daysOfDate(text: string): number | undefined {
  if (text === 'infinity' || text === '-infinity') return endless[text];
  const [, year, month, day] = dateForm.exec(text) ?? [];
  if (year === undefined) return undefined;
  // Date.UTC would take years below 100 for 19xx.
  const at = new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return Math.round((at - epochMs) / dayMs);
}

export function dateOfDays(days: number): string {
  if (days === endless.infinity) return 'infinity';
  if (days === endless['-infinity']) return '-infinity';
  const at = new Date(epochMs + days * dayMs);
  return `${padded(at.getUTCFullYear(), 4)}-${padded(at.getUTCMonth() + 1)}-${padded(at.getUTCDate())}`;
}

/** Microseconds since midnight. */
export function microsOfTime(text: string): bigint | undefined {
  const [, hour, minute, second = '0', fraction = ''] = timeForm.exec(text) ?? [];
  if (hour === undefined) return undefined;
  const seconds = Number(hour) * 3_600 + Number(minute) * 60 + Number(second);
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}

export function timeOfMicros(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  const fraction = String(micros % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const whole = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => padded(part))
    .join(':');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Microseconds since 2000-01-01, by the zone in the text, or else UTC. */
export function microsOfTimestamp(text: string): bigint | undefined {
  if (text === 'infinity' || text === '-infinity') return endlessMicros[text];
  const days = daysOfDate(text);
  if (days === undefined) return undefined;
  const rest = text.replace(dateForm, '').replace(/^[T ]/, '');
  const time = rest === '' ? 0n : microsOfTime(rest);
  if (time === undefined) return undefined;
  const [, sign, hours = '0', minutes = '0'] = zoneForm.exec(rest) ?? [];
  const zone = BigInt(Number(hours) * 60 + Number(minutes)) * 60_000_000n * (sign === '-' ? -1n : 1n);
  return BigInt(days) * BigInt(dayMs) * 1_000n + time - zone;
}

export function timestampOfMicros(micros: bigint): string {
  if (micros === endlessMicros.infinity) return 'infinity';
  if (micros === endlessMicros['-infinity']) return '-infinity';
  const dayMicros = BigInt(dayMs) * 1_000n;
  let days = micros / dayMicros;
  let rest = micros % dayMicros;
  if (rest < 0n) {
    rest += dayMicros;
    days -= 1n;
  }
  return `${dateOfDays(Number(days))} ${timeOfMicros(rest)}`;
}
