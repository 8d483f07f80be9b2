import type { Draft } from './message.ts';
import type { Random } from './random.ts';

export interface ProfileOptions {
  readonly random: Random;
  /** Patients, and what else a profile counts by them. */
  readonly patients: number;
  /** Rank drawn by Zipf's law over `size` things with the load's skew. */
  readonly skewed: (size: number) => () => number;
  /** Prefix of every id that the load makes, so that two loads do not meet. */
  readonly run: string;
}

/** A kind of working day: what must exist before it starts, and what comes next. */
export interface Workday {
  /** Sent, and settled, before the load starts: stocks, slots, admissions. */
  readonly setup: (time: string) => readonly Draft[];
  readonly next: (time: string) => Draft;
}

export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly open: (options: ProfileOptions) => Workday;
}

/** Draws from choices by weight; the weights need not sum to anything. */
export function weighted<T>(random: Random, choices: readonly (readonly [number, T])[]): () => T {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  const last = choices.at(-1);
  if (last === undefined) throw new Error('nothing to choose from');
  return () => {
    let left = random.next() * total;
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    return last[1];
  };
}

/** `time` moved by so many minutes, ISO 8601. */
export function minutesAfter(time: string, minutes: number): string {
  return new Date(Date.parse(time) + minutes * 60_000).toISOString();
}
