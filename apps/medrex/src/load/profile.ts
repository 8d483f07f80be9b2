import type { Draft } from './message.ts';
import type { Random } from './random.ts';

export interface ProfileOptions {
  readonly random: Random;
  /** Number of patients, from which profiles derive other sizes. */
  readonly patients: number;
  /** Returns a function that draws ranks below `size` by Zipf's law with the skew of the load. */
  readonly skewed: (size: number) => () => number;
  /** Prefix of all ids of the load, so that two loads do not collide. */
  readonly run: string;
}

/** A working day: its setup, and its next message. */
export interface Workday {
  /** Messages that must be settled before the load starts: stocks, slots, admissions. */
  readonly setup: (time: string) => readonly Draft[];
  readonly next: (time: string) => Draft;
}

export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly open: (options: ProfileOptions) => Workday;
}

/** Draws from choices by weight; the weights may have any sum. */
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

/** `time` plus minutes, ISO 8601. */
export function minutesAfter(time: string, minutes: number): string {
  return new Date(Date.parse(time) + minutes * 60_000).toISOString();
}
