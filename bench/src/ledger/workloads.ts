import { openLoad, profileNamed, type Load } from '@medrex/cli';

type Rate = Parameters<typeof openLoad>[0]['rate'];

/** A workload: profile, skew and load. */
export interface Workload {
  readonly name: string;
  readonly profile: string;
  readonly skew: number;
  /** Writes per hot key and second by a foreign writer. */
  readonly foreignPerSecond?: number;
}

const hot = { profile: 'hot-10', skew: 1.1 } as const;

/** The workloads of every client. */
export const workloads: readonly Workload[] = [
  { name: 'ward', profile: 'ward', skew: 1.1 },
  { name: 'hot-10', ...hot },
  { name: 'hot-1000', profile: 'hot-1000', skew: 1.1 },
  { name: 'uniform', profile: 'hot-1000', skew: 0 },
  { name: 'hot-10, foreign 1/s and key', ...hot, foreignPerSecond: 1 },
  { name: 'hot-10, foreign 10/s and key', ...hot, foreignPerSecond: 10 },
];

/** An open-loop load of a workload. */
export function loadOf(
  { profile: name, skew }: Pick<Workload, 'profile' | 'skew'>,
  rate: Rate,
  seconds: number,
  seed: number,
): Load {
  const profile = profileNamed(name);
  if (profile === undefined) throw new Error(`there is no profile ${name}`);
  return openLoad({ profile, rate, seconds, seed, skew, patients: 400, injections: [], startMs: Date.now() });
}
