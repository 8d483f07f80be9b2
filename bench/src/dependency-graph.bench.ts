import { DependencyGraph, LiveQueues, type LiveOperation, type QueueWatcher } from '@medrex/dependency-graph';
import { operationRecordKey, stateKey, timeSeriesKey, type DeclaredKey, type StateKey } from '@medrex/keys';
import { seededRandom } from '@medrex/ledger';
import { figure, type Bench, type Figures } from './bench.ts';

const batch = 1_024;
const batchesPerRun = 64;
const keysPerOperation = 4;
const runs = 9;
const seed = 20_260_112;
const spaces = [
  { keys: 1_000_000, title: 'uniform over 1,000,000 keys' },
  { keys: 10_000, title: 'uniform over 10,000 keys' },
  { keys: 10, title: 'ten hot keys' },
] as const;

type Declaration = readonly DeclaredKey[];
/** For each batch of a run, admits it and completes ready operations until it is drained. */
type Subject = (declarations: readonly Declaration[]) => void;

/** Realistic key names of 40 to 60 characters: resource heads, time-series entries, operation records. */
function nameOf(number: number): StateKey {
  const id = (Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(4);
  if (number % 3 === 0) return stateKey('clinical', 'res', 'Observation', id);
  if (number % 3 === 1) return operationRecordKey(`${id}${number.toString(36)}`);
  const at = { space: 'clinical', entity: 'vit', subject: id.slice(0, 16), code: '8867-4' } as const;
  return timeSeriesKey({ ...at, time: '2026-01-12T08:30:00Z', id: number.toString(36) });
}

/** A copy of the string whose hash V8 has not computed yet, like a key just decoded from a log record. */
function decoded(name: StateKey): StateKey {
  return Buffer.from(name, 'latin1').toString('latin1') as StateKey;
}

function declarations(names: readonly StateKey[], random: () => number): readonly Declaration[] {
  return Array.from({ length: batch * batchesPerRun }, () => {
    const picked = new Set<number>();
    while (picked.size < keysPerOperation) picked.add(Math.floor(random() * names.length));
    return [...picked].map((at) => ({ key: decoded(names[at] as StateKey), mode: 'readWrite' as const }));
  });
}

class Ready implements QueueWatcher {
  #ready: LiveOperation[] = [];

  onReady(operation: LiveOperation): void {
    this.#ready.push(operation);
  }

  onBlocked(): void {
    throw new Error('unexpected: an operation in front of a ready one');
  }

  onReordered(): void {
    throw new Error('unexpected: a moved operation');
  }

  take(): readonly LiveOperation[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}

const queues: Subject = (all) => {
  const ready = new Ready();
  const live = new LiveQueues(ready);
  for (let from = 0; from < all.length; from += batch) {
    for (let seq = from; seq < from + batch; seq += 1) {
      const operation = live.admit(seq, all[seq] as Declaration);
      if (live.isReady(operation)) ready.onReady(operation);
    }
    for (let now = ready.take(); now.length > 0; now = ready.take()) {
      for (const operation of now) live.remove(operation, true);
    }
  }
  if (!live.isEmpty) throw new Error('operations were left in the queues');
};

const graph: Subject = (all) => {
  const typed = new DependencyGraph({ classes: 5, edgesMax: 1_000 });
  for (let from = 0; from < all.length; from += batch) {
    let ready: number[] = [];
    for (let seq = from; seq < from + batch; seq += 1) {
      if (typed.admit({ seq, keys: all[seq] as Declaration, class: 1 }).isReady) ready.push(seq);
    }
    while (ready.length > 0) {
      const next: number[] = [];
      for (const seq of ready) next.push(...typed.complete(seq, true));
      ready = next;
    }
    typed.takeRisen();
  }
  if (!typed.isEmpty) throw new Error('operations were left in the graph');
};

/** The minimum work of any graph over names: two Map lookups per name, to admit and to complete. */
const namesOnly: Subject = (all) => {
  const numbers = new Map<StateKey, number>();
  for (let from = 0; from < all.length; from += batch) {
    for (let seq = from; seq < from + batch; seq += 1) {
      for (const { key } of all[seq] as Declaration) if (!numbers.has(key)) numbers.set(key, seq);
    }
    numbers.clear();
  }
};

const subjects = { 'live queues': queues, 'typed graph': graph, 'of it the names alone': namesOnly };

/** Operations per second of each run, after a warm-up run. */
function measure(subject: Subject, names: readonly StateKey[]): readonly number[] {
  const random = seededRandom(seed);
  const samples: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const all = declarations(names, random);
    const startedMs = performance.now();
    subject(all);
    if (run > 0) samples.push((all.length * 1_000) / (performance.now() - startedMs));
  }
  return samples;
}

export const bench: Bench = {
  name: 'dependency-graph',
  workload: `admit and complete operations that read and write ${keysPerOperation} keys, in batches of ${batch}, names decoded anew`,
  ledger: 'embedded',
  seed,
  async run(): Promise<Figures> {
    const figures: [string, ReturnType<typeof figure>][] = [];
    for (const { keys, title } of spaces) {
      const names = Array.from({ length: keys }, (_, number) => nameOf(number));
      for (const [name, subject] of Object.entries(subjects)) {
        figures.push([`${name}, ${title}`, figure(measure(subject, names), 'operations/s')]);
      }
    }
    return Object.fromEntries(figures);
  },
};
