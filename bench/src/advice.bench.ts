import { aPlanner, simulateFlights } from '@medrex/batch-planner/testing';
import { DependencyGraph } from '@medrex/dependency-graph';
import { stateKey } from '@medrex/keys';
import { seededRandom } from '@medrex/ledger';
import { figure, type Bench, type Figures } from './bench.ts';

const operations = 20_000;
const accounts = 20;
/** Operations per log record, after which the analyzer publishes changed criticality. */
const runLength = 500;
const runs = 5;
const seed = 11;

type Operation = Parameters<ReturnType<typeof aPlanner>['admit']>[0];

/** A backlog: one third of the operations read and write one hub, one third a random account, one third separate keys. */
function backlog(random: () => number): readonly Operation[] {
  const name = (seq: number): string => {
    const kind = Math.floor(3 * random());
    if (kind === 0) return 'hub';
    return kind === 1 ? `account${Math.floor(accounts * random())}` : `own${seq}`;
  };
  return Array.from({ length: operations }, (_, seq) => {
    const key = stateKey('financial', 'test', name(seq));
    return { seq, keys: [{ key, mode: 'readWrite' as const }], class: 1, bytes: 300 };
  });
}

interface Ended {
  /** Virtual ms until all operations are terminal. */
  readonly makespanMs: number;
  readonly meanMs: number;
}

/** Runs the planner with default limits; a flight takes 20 ms plus 0.1 ms per operation. Only the advice differs between runs. */
function run(all: readonly Operation[], isAdvised: boolean): Ended {
  const planner = aPlanner();
  for (const operation of all) planner.admit(operation);
  if (isAdvised) {
    const graph = new DependencyGraph({ classes: 5, edgesMax: 0 });
    all.forEach((operation, place) => {
      graph.admit(operation);
      if ((place + 1) % runLength > 0 && place + 1 < all.length) return;
      for (const { seq, ...advice } of graph.takeRisen()) planner.advise(seq, advice);
    });
  }
  const arrivals = all.map((operation) => ({ atMs: 0, operation })); // already live, and skipped
  const endedMs = [...simulateFlights(planner, arrivals, (size) => 20 + 0.1 * size).values()];
  return { makespanMs: Math.max(...endedMs), meanMs: endedMs.reduce((sum, ms) => sum + ms, 0) / endedMs.length };
}

/** The benefit of the analyzer's advice: the planner is correct without it, and must be better with it. */
export const bench: Bench = {
  name: 'advice',
  workload: `planning a backlog of ${operations} operations in virtual time, a third of them on one hub, a third on ${accounts} accounts, with the analyzer's advice and without`,
  ledger: 'embedded',
  seed,
  run(): Promise<Figures> {
    const pairs = Array.from({ length: runs }, (_, place) => {
      const all = backlog(seededRandom(seed + place));
      return { advised: run(all, true), alone: run(all, false) };
    });
    return Promise.resolve({
      'makespan with advice': figure(
        pairs.map(({ advised }) => advised.makespanMs),
        'ms',
      ),
      'makespan without advice': figure(
        pairs.map(({ alone }) => alone.makespanMs),
        'ms',
      ),
      'makespan, with to without': figure(
        pairs.map(({ advised, alone }) => advised.makespanMs / alone.makespanMs),
        'ratio',
      ),
      'mean latency, with to without': figure(
        pairs.map(({ advised, alone }) => advised.meanMs / alone.meanMs),
        'ratio',
      ),
    });
  },
};
