import { arrivals, type Rate } from './arrivals.ts';
import { ConflictInjector, type Injection } from './conflict-injector.ts';
import type { Draft, LoadMessage } from './message.ts';
import type { Profile } from './profile.ts';
import { seededRandom, zipf } from './random.ts';

export interface LoadOptions {
  readonly profile: Profile;
  readonly rate: Rate;
  readonly seconds: number;
  readonly seed: number;
  readonly patients: number;
  /** Zipf exponent of the skew; 0 is uniform. */
  readonly skew: number;
  readonly injections: readonly Injection[];
  /** Start of the times in messages, epoch ms. */
  readonly startMs: number;
}

/** A message and its intended send time, in ms from the start. */
export interface ScheduledMessage {
  readonly atMs: number;
  readonly message: LoadMessage;
}

export interface Load {
  /** Must be settled before the stream starts. */
  readonly setup: readonly LoadMessage[];
  readonly stream: () => Generator<ScheduledMessage>;
}

/** The load as a pure function of its options: the same options, including the seed, give the same messages at the same times. */
export function openLoad(options: LoadOptions): Load {
  const random = seededRandom(options.seed);
  const run = `s${options.seed.toString(36)}-${options.startMs.toString(36)}`;
  const workday = options.profile.open({
    random,
    patients: options.patients,
    skewed: (size) => zipf(random, size, options.skew),
    run,
  });
  const injector = new ConflictInjector({ random, injections: options.injections, run });
  const named = nameMessages(`urn:medrex:load:${options.profile.name}`, run);
  const timeAt = (ms: number) => new Date(options.startMs + ms).toISOString();
  return {
    setup: workday.setup(timeAt(0)).map((draft) => named(draft, timeAt(0))),
    *stream() {
      for (const atMs of arrivals(options.rate, options.seconds)) {
        const time = timeAt(Math.floor(atMs));
        yield { atMs, message: named(injector.next(time) ?? workday.next(time), time) };
      }
    },
  };
}

function nameMessages(source: string, run: string): (draft: Draft, time: string) => LoadMessage {
  let count = 0;
  return (draft, time) => {
    const id = `${run}-${count}`;
    count += 1;
    return { id, source, time, ...draft };
  };
}
