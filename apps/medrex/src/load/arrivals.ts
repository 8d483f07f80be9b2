/** Rate of messages. Open loop: the schedule never waits for answers. */
export type Rate =
  | { readonly kind: 'fixed'; readonly perSecond: number }
  /** Linear from one rate to another over the whole duration. */
  | { readonly kind: 'ramp'; readonly fromPerSecond: number; readonly toPerSecond: number }
  /** `perSecond`, and `factor` times that in the burst. */
  | {
      readonly kind: 'burst';
      readonly perSecond: number;
      readonly factor: number;
      readonly atSecond: number;
      readonly forSeconds: number;
    };

/** Intended send times in ms from the start, ascending, for `seconds`. */
export function* arrivals(rate: Rate, seconds: number): Generator<number> {
  const second = secondOf(rate, seconds);
  for (let message = 0; ; message += 1) {
    const at = second(message);
    if (!(at < seconds)) return;
    yield at * 1000;
  }
}

/** The time in seconds at which a number of messages is due: the inverse of the integral of the rate. */
function secondOf(rate: Rate, seconds: number): (messages: number) => number {
  switch (rate.kind) {
    case 'fixed':
      return (messages) => messages / rate.perSecond;
    case 'ramp': {
      const { fromPerSecond: from, toPerSecond: to } = rate;
      const slope = (to - from) / seconds;
      // from * s + slope * s² / 2 = messages; this form of the root also works for slope 0, and is NaN beyond the maximum of a falling ramp
      return (messages) =>
        messages === 0 ? 0 : (2 * messages) / (from + Math.sqrt(from * from + 2 * slope * messages));
    }
    case 'burst': {
      const { perSecond, factor, atSecond, forSeconds } = rate;
      const before = perSecond * atSecond;
      const within = perSecond * factor * forSeconds;
      return (messages) => {
        if (messages < before) return messages / perSecond;
        if (messages < before + within) return atSecond + (messages - before) / (perSecond * factor);
        return atSecond + forSeconds + (messages - before - within) / perSecond;
      };
    }
  }
}

/** Parses `500`, `ramp:100-900` and `burst:200x10@5+3` (10 times the rate from second 5 on, for 3 seconds). */
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
  throw new RangeError(`rate "${text}" must be like 500, ramp:100-900 or burst:200x10@5+3`);
}

/** Formats a rate for `parseRate`. */
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
