const units: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, min: 6e4, h: 3.6e6, d: 8.64e7 };
const form = /^\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*(us|ms|s|min|h|d)?\s*$/;

/** Reads a duration as PostgreSQL does in a setting, rounded to whole ms (also the default unit). Undefined: invalid. */
export function millisecondsOf(text: string): number | undefined {
  const [, number, unit = 'ms'] = form.exec(text) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * (units[unit] ?? 1));
}

/** Shows a duration as PostgreSQL does: in the longest unit that divides it. */
export function timeText(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  const unit = ['d', 'h', 'min', 's'].find((each) => milliseconds % (units[each] ?? 1) === 0) ?? 'ms';
  return `${milliseconds / (units[unit] ?? 1)}${unit}`;
}
