import {
  comparedOnFreshStack,
  profileNamed,
  validPercent,
  goodput,
  type BenchFlags,
  type SideResult,
} from '@medrex/cli';
import { figure, type Figures } from './bench.ts';

/** A load in the form of the flags of `medrex bench compare`. */
export type ComparedLoad = Omit<BenchFlags, 'json' | 'profile'> & { readonly profile: string };

/** Runs the comparison several times, each with another seed, and returns the figures of each client. */
export async function comparisonFigures(load: ComparedLoad, runs: number): Promise<Figures> {
  const bySide = new Map<string, SideResult[]>();
  for (let run = 0; run < runs; run += 1) {
    const profile = profileNamed(load.profile);
    if (profile === undefined) throw new Error(`there is no profile ${load.profile}`);
    const { sides } = await comparedOnFreshStack({ ...load, profile, seed: load.seed + run, json: true });
    for (const side of sides) bySide.set(side.client, [...(bySide.get(side.client) ?? []), side]);
  }
  return Object.fromEntries([...bySide].flatMap(([client, sides]) => sideFigures(client, sides)));
}

function sideFigures(client: string, sides: readonly SideResult[]) {
  const of = (name: string, unit: string, value: (side: SideResult) => number | undefined) => {
    const samples = sides.flatMap((side) => value(side) ?? []);
    return samples.length === 0 ? [] : [[`${client}: ${name}`, figure(samples, unit)] as const];
  };
  return [
    ...of('goodput', 'operations/s', goodput),
    ...of('VALID Fabric transactions', '%', validPercent),
    ...of('operations lost to conflicts', 'operations', ({ lostToConflict }) => lostToConflict),
    ...of('latency p50', 'ms', ({ latencyMs }) => latencyMs?.p50),
    ...of('latency p99', 'ms', ({ latencyMs }) => latencyMs?.p99),
  ];
}
