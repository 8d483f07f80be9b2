import { describe, expect, it } from '@jest/globals';
import type { AccessMode } from '@medrex/keys';
import { DependencyGraph, type Admission } from './dependency-graph.ts';
import { declared } from './testing/index.ts';

const aGraph = (edgesMax = 1_000): DependencyGraph => new DependencyGraph({ classes: 5, edgesMax });

/** Admits one operation for each list of modes, all on one key, seqs from 0. */
function admitAll(graph: DependencyGraph, ...modes: readonly AccessMode[]): readonly Admission[] {
  return modes.map((mode, seq) => graph.admit({ seq, keys: [declared(mode, 'k')], class: 1 }));
}

const edgesOf = (admissions: readonly Admission[]): readonly string[] =>
  admissions.map(({ edges }) => edges.map(({ from, type }) => `${type} ${from}`).join(' '));

describe('typed edges', () => {
  const table: readonly (readonly [earlier: AccessMode, later: AccessMode, edge: string])[] = [
    ['read', 'read', ''],
    ['read', 'write', 'WAR 0'],
    ['read', 'readWrite', 'WAR 0'],
    ['read', 'ensure', 'WAR 0'],
    ['write', 'read', 'RAW 0'],
    ['write', 'write', 'WAW 0'],
    ['write', 'readWrite', 'RAW 0'],
    ['write', 'ensure', 'RAW 0'],
    ['readWrite', 'read', 'RAW 0'],
    ['readWrite', 'write', 'WAW 0'],
    ['readWrite', 'readWrite', 'RAW 0'],
    ['readWrite', 'ensure', 'RAW 0'],
    ['ensure', 'read', 'RAW 0'],
    ['ensure', 'write', 'WAW 0'],
    ['ensure', 'readWrite', 'RAW 0'],
    ['ensure', 'ensure', 'RAW 0'],
    ['append', 'readWrite', ''],
    ['readWrite', 'append', ''],
    ['delta', 'delta', ''],
  ];

  it.each(table)('%s before %s: "%s"', (earlier, later, edge) => {
    expect(edgesOf(admitAll(aGraph(), earlier, later))).toEqual(['', edge]);
  });

  it('lead to the immediate predecessors only: to the readers between, not to the writer before them', () => {
    expect(edgesOf(admitAll(aGraph(), 'write', 'read', 'read', 'readWrite', 'readWrite'))).toEqual([
      '',
      'RAW 0',
      'RAW 0',
      'WAR 1 WAR 2',
      'RAW 3',
    ]);
  });

  it('of ensures lead to the first one: the others are readers behind it, next to each other', () => {
    expect(edgesOf(admitAll(aGraph(), 'ensure', 'ensure', 'read', 'ensure', 'write', 'ensure'))).toEqual([
      '',
      'RAW 0',
      'RAW 0',
      'RAW 0',
      'WAR 1 WAR 2 WAR 3',
      'RAW 4',
    ]);
  });

  it('are unique by predecessor and type, however many keys they share', () => {
    const graph = aGraph();
    graph.admit({
      seq: 1,
      keys: [declared('readWrite', 'a'), declared('readWrite', 'b'), declared('read', 'c')],
      class: 0,
    });
    const { edges } = graph.admit({
      seq: 2,
      keys: ['a', 'b', 'c'].map((name) => declared('readWrite', name)),
      class: 0,
    });
    expect(edges).toEqual([
      { from: 1, type: 'RAW' },
      { from: 1, type: 'WAR' },
    ]);
  });

  it('are listed up to the limit and counted beyond it', () => {
    const admissions = admitAll(aGraph(2), 'read', 'read', 'read', 'read', 'write');
    expect(admissions.at(-1)).toMatchObject({ edges: [{ from: 0 }, { from: 1 }], edgeCount: 4 });
  });
});

describe('flags', () => {
  it('mark an operation as lost on a plain client when it reads a key that a live one writes', () => {
    const isConflicting = (...modes: readonly AccessMode[]) => admitAll(aGraph(), ...modes).at(-1)?.isConflicting;
    expect(isConflicting('write', 'read')).toBe(true);
    expect(isConflicting('write', 'read', 'readWrite')).toBe(true); // a writer is still after the reader
    expect(isConflicting('read', 'readWrite')).toBe(false); // a reader ordered before a writer is valid
    expect(isConflicting('write', 'write')).toBe(false); // the last one wins
  });

  it('ignore terminal operations', () => {
    const graph = aGraph();
    admitAll(graph, 'write');
    graph.complete(0, true);
    const { isConflicting, isReady, depth } = graph.admit({ seq: 9, keys: [declared('read', 'k')], class: 0 });
    expect({ isConflicting, isReady, depth }).toEqual({ isConflicting: false, isReady: true, depth: 0 });
  });
});

describe('completion', () => {
  it('frees a reader group together, and the writer behind it with the last of them', () => {
    const graph = aGraph();
    admitAll(graph, 'write', 'read', 'read', 'write');
    expect([graph.complete(0, true), graph.complete(2, true), graph.complete(1, true)]).toEqual([[1, 2], [], [3]]);
  });

  it('frees operations in the order of the keys of the completed one', () => {
    const graph = aGraph();
    const names = ['c', 'a', 'b'];
    graph.admit({ seq: 1, keys: names.map((name) => declared('write', name)), class: 0 });
    for (const [at, name] of ['a', 'b', 'c'].entries()) {
      graph.admit({ seq: 2 + at, keys: [declared('write', name)], class: 0 });
    }
    expect(graph.complete(1, true)).toEqual([4, 2, 3]);
  });

  it('of an ensure that was not applied lets the next one take its place, behind the readers before it', () => {
    const graph = aGraph();
    admitAll(graph, 'ensure', 'read', 'ensure', 'ensure');
    expect([graph.complete(0, false), graph.complete(1, true), graph.complete(2, true)]).toEqual([[1], [2], [3]]);
  });

  it('of an ensure that was applied frees all the others at once', () => {
    const graph = aGraph();
    admitAll(graph, 'ensure', 'ensure', 'ensure');
    expect(graph.complete(0, true)).toEqual([1, 2]);
  });

  it('refuses a seq that is already live, and ignores one that is not', () => {
    const graph = aGraph();
    admitAll(graph, 'read');
    expect(() => graph.admit({ seq: 0, keys: [], class: 0 })).toThrow('live in the graph already');
    expect(graph.complete(7, true)).toEqual([]);
  });
});

describe('long and wide graphs', () => {
  const count = 100_000;

  it('100,000 writers of one key are a chain, whose head is reported a few times', () => {
    const graph = aGraph();
    const reported = new Map<number, number>();
    for (let seq = 0; seq < count; seq += 1) {
      graph.admit({ seq, keys: [declared('readWrite', 'k')], class: 1 });
      if (seq % 100 !== 0) continue;
      for (const risen of graph.takeRisen()) reported.set(risen.seq, (reported.get(risen.seq) ?? 0) + 1);
    }
    expect(graph.statistics()).toMatchObject({ width: 1, depth: count - 1, criticalPath: count, chainLength: count });
    expect(graph.lengthsOf(0)?.criticality).toBe(count - 1);
    expect(reported.get(0)).toBeGreaterThan(5);
    expect(Math.max(...[...reported.values()].slice(0, 1_000))).toBeLessThanOrEqual(17);
    for (let seq = 0; seq < count; seq += 1) graph.complete(seq, true);
    graph.takeRisen();
    expect(graph.isEmpty).toBe(true);
  });

  it('100,000 readers of one key are one step: ready together, walked once for the next writer', () => {
    const graph = aGraph();
    for (let seq = 0; seq < count; seq += 1) graph.admit({ seq, keys: [declared('read', 'k')], class: 1 });
    expect(graph.admit({ seq: count, keys: [declared('write', 'k')], class: 1 })).toMatchObject({
      edgeCount: count,
      depth: 1,
    });
    expect(graph.admit({ seq: count + 1, keys: [declared('write', 'k')], class: 1 })).toMatchObject({ edgeCount: 1 });
    expect(graph.statistics()).toMatchObject({ width: count, chainLength: 3, keys: 1 });
    for (let seq = count; seq >= 0; seq -= 1) graph.complete(seq, true);
    graph.complete(count + 1, true);
    expect(graph.isEmpty).toBe(true);
  });
});

describe('takeRisen', () => {
  it('reports a criticality when it has reached another power of two, once', () => {
    const graph = aGraph();
    const reports: (number | undefined)[] = [];
    for (let seq = 0; seq < 16; seq += 1) {
      graph.admit({ seq, keys: [declared('write', 'k')], class: 0 });
      graph.statistics(); // makes it exact
      reports.push(graph.takeRisen().find((one) => one.seq === 0)?.criticality);
    }
    expect(reports.map((criticality) => criticality ?? '-').join(' ')).toBe('- 1 2 - 4 - - - 8 - - - - - - -');
  });
});
