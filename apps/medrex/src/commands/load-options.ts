import type { Command } from 'commander';
import { z } from 'zod';
import { InvalidArgumentError, Option } from 'commander';
import { parseRate, type Rate } from '../load/arrivals.ts';
import { parseInjection, type Injection } from '../load/conflict-injector.ts';
import type { LoadOptions } from '../load/load-stream.ts';
import type { Profile } from '../load/profile.ts';
import { profileNamed, workdays } from '../load/profiles/index.ts';

/** Options of the commands that generate load. */
export interface LoadFlags {
  readonly profile: Profile;
  readonly rate: Rate;
  readonly seconds: number;
  readonly seed: number;
  readonly patients: number;
  readonly skew: number;
  readonly conflict: readonly Injection[];
}

const profileNames = [...workdays.map(({ name }) => name), 'hot-N'].join(', ');

/** Adds the options that describe a load. */
export function withLoadFlags(command: Command, over: { readonly rate: string; readonly seconds: string }): Command {
  return command
    .addOption(
      new Option('--profile <name>', `working day: ${profileNames}`)
        .argParser(profile)
        .default(profile('ward'), 'ward'),
    )
    .addOption(
      new Option('--rate <rate>', 'operations per second: 500, ramp:100-900 or burst:200x10@5+3')
        .argParser(readable(parseRate))
        .default(parseRate(over.rate), over.rate),
    )
    .option('--seconds <n>', 'duration in seconds', positive, Number(over.seconds))
    .option('--seed <n>', 'the same seed gives the same load', whole, 7)
    .option('--patients <n>', 'patients', positive, 400)
    .option('--skew <s>', "exponent of Zipf's law over hot items; 0 is uniform", notNegative, 1.1)
    .addOption(
      new Option(
        '--conflict <edge:p@gap>',
        'plants dependent pairs, e.g. RAW:0.1@50; may be repeated for RAW, WAR and WAW',
      )
        .argParser(collectInjections)
        .default([], 'none'),
    );
}

/** Opens the load described by the flags. */
export function loadOf(
  { profile, rate, seconds, seed, patients, skew, conflict }: LoadFlags,
  startMs: number,
): LoadOptions {
  return { profile, rate, seconds, seed, patients, skew, injections: conflict, startMs };
}

function profile(name: string): Profile {
  const found = profileNamed(name);
  if (found === undefined)
    throw new InvalidArgumentError(`There is no profile ${name}; profiles are ${profileNames} (any N).`);
  return found;
}

function readable<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : String(error));
    }
  };
}

function collectInjections(text: string, before: readonly Injection[]): readonly Injection[] {
  return [...before, readable(parseInjection)(text)];
}

/** Parses a number; the empty string is NaN instead of 0. */
const numberOf = (text: string) => (text.trim() === '' ? NaN : Number(text));

/** Parses a whole number above 0. */
export function positive(text: string): number {
  const value = numberOf(text);
  if (!Number.isInteger(value) || value <= 0) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

function whole(text: string): number {
  const value = numberOf(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

/** Parses a number of at least 0. */
export function notNegative(text: string): number {
  const value = numberOf(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('It must be a number of at least 0.');
  return value;
}

/** Parses a share from 0 to 1. */
export function share(text: string): number {
  const value = numberOf(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return value;
}

/** Parses a TCP port; 0 picks a free one. */
export function portNumber(text: string): number {
  const value = numberOf(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('It must be a port from 0 to 65535.');
  return value;
}

/** Parses a time into epoch ms. */
export function instant(text: string): number {
  const value = z.iso.datetime({ offset: true }).safeParse(text).success ? Date.parse(text) : NaN;
  if (!Number.isFinite(value)) throw new InvalidArgumentError('It must be a time like 2026-01-05T07:00:00Z.');
  return value;
}
