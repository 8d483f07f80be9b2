import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnswerCache, type PendingAnswer } from './answer-cache.ts';
import { BackendWrites } from './backend-writes.ts';
import type { Changes } from './changes.ts';
import { Epochs, type EpochId } from './epochs.ts';

const tables = [1, 2, 3] as const;
type Table = (typeof tables)[number];

/** The version of each table, at the server or as seen by a client. */
type Versions = ReadonlyMap<Table, number>;

interface Read {
  readonly of: readonly Table[];
  /** Versions acknowledged before the question: the answer must not be older. */
  readonly atLeast: Versions;
  pending: PendingAnswer<Versions> | undefined;
  /** Versions that the statement read; undefined before it ran. */
  seen: Versions | undefined;
  answered: boolean;
}

interface Write {
  readonly of: readonly Table[];
  readonly note: readonly Changes[];
  readonly writes: BackendWrites;
  stage: 'sent' | 'committed' | 'ended';
}

/** A server and clients that read and write through one cache, with their steps in any order. */
class World {
  readonly epochs = new Epochs();
  readonly cache: AnswerCache<Versions>;
  readonly server = new Map<Table, number>(tables.map((table) => [table, 0]));
  readonly acknowledged = new Map<Table, number>(tables.map((table) => [table, 0]));
  readonly reads: Read[] = [];
  readonly writes: Write[] = [];
  readonly #endDoubt: (() => void)[] = [];
  nowMs = 0;

  constructor(entries: number) {
    this.cache = new AnswerCache({
      bytesMax: entries * 300,
      entryBytesMax: 100,
      window: { lookups: 1_000_000, ratioMin: 0, offMs: 1 },
    });
  }

  ask(of: readonly Table[]): void {
    const read: Read = {
      of,
      atLeast: new Map(this.acknowledged),
      pending: undefined,
      seen: undefined,
      answered: false,
    };
    const asked = { key: of.join(), epochs: this.epochs, ids: of as readonly EpochId[] };
    const found = this.cache.lookUp(asked, this.nowMs, 50, (answer) => {
      if (answer !== undefined) this.#answer(read, answer);
      else this.reads.push(read);
    });
    if (found.kind === 'hit') this.#answer(read, found.answer);
    if (found.kind === 'miss') read.pending = found.pending;
    if (found.kind === 'miss' || found.kind === 'off') this.reads.push(read);
  }

  /** The server runs a statement that it was sent, or answers one that it has run. */
  stepRead(place: number, isWhole: boolean): void {
    const read = this.reads[place % Math.max(1, this.reads.length)];
    if (read === undefined) return;
    if (read.seen === undefined) {
      read.seen = new Map(this.server);
      return;
    }
    this.reads.splice(this.reads.indexOf(read), 1);
    this.#answer(read, read.seen);
    if (isWhole) read.pending?.done(read.seen, 10);
    else read.pending?.failed();
  }

  write(of: readonly Table[]): void {
    const writes = new BackendWrites({
      committed: (changes) => this.epochs.bump(idsOf(changes)),
      uncertain: (changes) => this.#endDoubt.push(this.epochs.doubt(idsOf(changes))),
    });
    this.writes.push({ of, writes, note: writes.sent(of.map(changesOf)), stage: 'sent' });
  }

  stepWrite(place: number, how: 'goesOn' | 'isLost' | 'fails'): void {
    const write = this.writes[place % Math.max(1, this.writes.length)];
    if (write === undefined) return;
    if (how === 'isLost') return this.#lose(write);
    const { writes, note, of } = write;
    if (write.stage === 'sent' && how === 'fails') {
      this.writes.splice(this.writes.indexOf(write), 1);
      writes.ended(note);
      writes.settled(true);
    } else if (write.stage === 'sent') {
      write.stage = 'committed';
      for (const table of of) this.server.set(table, (this.server.get(table) ?? 0) + 1);
    } else if (write.stage === 'committed') {
      write.stage = 'ended';
      writes.completed(note, { tag: 'UPDATE 1', isOutsideBlock: true });
      for (const table of of) this.acknowledged.set(table, this.server.get(table) ?? 0);
    } else {
      this.writes.splice(this.writes.indexOf(write), 1);
      writes.ended(note);
      writes.settled(true);
    }
  }

  /** The connection is lost; the server commits unnoticed; later it is known that the transaction has ended. */
  #lose(write: Write): void {
    this.writes.splice(this.writes.indexOf(write), 1);
    write.writes.lost();
    if (write.stage === 'sent') for (const table of write.of) this.server.set(table, (this.server.get(table) ?? 0) + 1);
  }

  endDoubt(): void {
    this.#endDoubt.shift()?.();
    for (const [table, version] of this.server) this.acknowledged.set(table, Math.max(version, 0));
  }

  #answer(read: Read, answer: Versions): void {
    expect(read.answered).toBe(false);
    read.answered = true;
    for (const table of read.of) expect(answer.get(table)).toBeGreaterThanOrEqual(read.atLeast.get(table) ?? 0);
  }
}

const changesFor = new Map<number, Changes>();
function changesOf(table: Table): Changes {
  const made = changesFor.get(table) ?? {
    relations: [{ name: String(table) }],
    calls: [],
    runsUnknownCode: false,
    schema: 'none' as const,
    isTruncation: false,
    executes: undefined,
  };
  changesFor.set(table, made);
  return made;
}
const idsOf = (changes: readonly Changes[]): EpochId[] =>
  changes.flatMap(({ relations }) => relations.map(({ name }) => Number(name)));

const some = fc.constantFrom<readonly Table[]>([1], [2], [1, 2], [2, 3]);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), of: some }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('read' as const), place: fc.nat(9), isWhole: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('write' as const), of: some }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('writing' as const),
      place: fc.nat(9),
      how: fc.constantFrom('goesOn' as const, 'goesOn' as const, 'goesOn' as const, 'fails' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat(60) }) },
);

function run(world: World, steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]): void {
  for (const each of steps) {
    if (each.kind === 'ask') world.ask(each.of);
    else if (each.kind === 'read') world.stepRead(each.place, each.isWhole);
    else if (each.kind === 'write') world.write(each.of);
    else if (each.kind === 'writing') world.stepWrite(each.place, each.how);
    else world.nowMs += each.ms;
  }
}

describe('answers of the cache', () => {
  it('are never older than the last commit acknowledged before the question', () => {
    let hits = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), fc.constantFrom(1, 3, 100), (steps, entries) => {
        const world = new World(entries);
        run(world, steps);
        hits += world.cache.counts.hits + world.cache.counts.awaited;
      }),
      { numRuns: 300 },
    );
    expect(hits).toBeGreaterThan(200);
  });

  it('are not served while the outcome of a write on a lost connection is unknown', () => {
    const world = new World(10);
    world.ask([1]);
    world.stepRead(0, true);
    world.stepRead(0, true);
    world.ask([1]);
    expect(world.cache.counts).toMatchObject({ hits: 1, kept: 1 });
    world.write([1]);
    world.stepWrite(0, 'isLost');
    world.ask([1]);
    world.stepRead(0, true);
    world.stepRead(0, true);
    world.ask([1]);
    expect(world.cache.counts).toMatchObject({ hits: 1, passed: 2, kept: 1 });
    world.endDoubt();
    world.ask([1]);
    expect(world.cache.counts).toMatchObject({ hits: 1, misses: 2 });
  });
});

describe('the oracle', () => {
  it('detects a cache that invalidates too late', () => {
    const world = new World(10);
    world.ask([1]);
    world.stepRead(0, true);
    world.stepRead(0, true);
    world.server.set(1, 1);
    world.acknowledged.set(1, 1);
    expect(() => world.ask([1])).toThrow();
  });
});
