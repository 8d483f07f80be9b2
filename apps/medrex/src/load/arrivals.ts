/** How often messages are sent. Open loop: the schedule never waits for answers, as patients do not. */
export type Rate =
  | { readonly kind: 'fixed'; readonly perSecond: number }
  /** From one rate to another, evenly over the whole duration. */
  | { readonly kind: 'ramp'; readonly fromPerSecond: number; readonly toPerSecond: number }
  /** `perSecond`, and `factor` times that in the burst. */
  | {
      readonly kind: 'burst';
      readonly perSecond: number;
      readonly factor: number;
      readonly atSecond: number;
      readonly forSeconds: number;
    };

/** Intended send times in ms from the start, rising, for `seconds` in all. */
export function* arrivals(rate: Rate, seconds: number): Generator<number> {
  const endMs = seconds * 1000;
  let atMs = 0;
  while (atMs < endMs) {
    yield atMs;
    atMs += 1000 / perSecondAt(rate, atMs / 1000, seconds);
  }
}

/** The rate that holds `second` seconds after the start of a load of `seconds`. */
export function perSecondAt(rate: Rate, second: number, seconds: number): number {
  switch (rate.kind) {
    case 'fixed':
      return rate.perSecond;
    case 'ramp':
      return rate.fromPerSecond + ((rate.toPerSecond - rate.fromPerSecond) * second) / seconds;
    case 'burst':
      return rate.perSecond * (second >= rate.atSecond && second < rate.atSecond + rate.forSeconds ? rate.factor : 1);
  }
}

/** Reads `500`, `ramp:100-900` and `burst:200x10@5+3` (10 times as many from second 5 on, for 3 seconds). */
export function parseRate(text: string): Rate {
  const fixed = /^(\d+(?:\.\d+)?)$/.exec(text);
  if (fixed) return positive({ kind: 'fixed', perSecond: Number(fixed[1]) }, text);
  const ramp = /^ramp:(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
  if (ramp) return positive({ kind: 'ramp', fromPerSecond: Number(ramp[1]), toPerSecond: Number(ramp[2]) }, text);
  const burst = /^burst:(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)@(\d+(?:\.\d+)?)\+(\d+(?:\.\d+)?)$/.exec(text);
  if (burst) {
    const [perSecond, factor, atSecond, forSeconds] = burst.slice(1).map(Number) as [number, number, number, number];
    return positive({ kind: 'burst', perSecond, factor, atSecond, forSeconds }, text);
  }
  throw new RangeError(`rate "${text}" is none of 500, ramp:100-900, burst:200x10@5+3`);
}

/** A rate as `parseRate` reads it. */
export function rateText(rate: Rate): string {
  switch (rate.kind) {
    case 'fixed':
      return String(rate.perSecond);
    case 'ramp':
      return `ramp:${rate.fromPerSecond}-${rate.toPerSecond}`;
    case 'burst':
      return `burst:${rate.perSecond}x${rate.factor}@${rate.atSecond}+${rate.forSeconds}`;
  }
}

function positive(rate: Rate, text: string): Rate {
  const rates = rate.kind === 'ramp' ? [rate.fromPerSecond, rate.toPerSecond] : [rate.perSecond];
  if (rates.some((perSecond) => !(perSecond > 0))) throw new RangeError(`rate "${text}" must be above 0 a second`);
  return rate;
}
