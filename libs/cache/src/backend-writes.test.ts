import { beforeEach, describe, expect, it } from '@jest/globals';
import { BackendWrites } from './backend-writes.ts';
import type { Changes } from './changes.ts';

const changes = (name: string, more: Partial<Changes> = {}): Changes => ({
  relations: [{ name }],
  calls: [],
  runsUnknownCode: false,
  schema: 'none',
  isTruncation: false,
  executes: undefined,
  ...more,
});

describe('BackendWrites', () => {
  let told: string[];
  let writes: BackendWrites;
  const names = (all: readonly Changes[]): string =>
    all.flatMap(({ relations }) => relations.map((each) => each.name)).join();
  const run = (what: Changes, tag: string, isOutsideBlock: boolean, verb?: string): void => {
    const note = writes.sent([what]);
    writes.completed(note, { verb, tag, isOutsideBlock });
    writes.ended(note);
  };
  const nothing = changes('', { relations: [] });
  beforeEach(() => {
    told = [];
    writes = new BackendWrites({
      committed: (all) => told.push(`committed ${names(all)}`),
      uncertain: (all) => told.push(`uncertain ${names(all)}`),
    });
  });

  it('reports a write outside of a block when it completes, and again at ReadyForQuery', () => {
    run(changes('a'), 'UPDATE 1', true);
    expect(told).toEqual(['committed a']);
    writes.settled(true);
    writes.settled(true);
    expect(told).toEqual(['committed a', 'committed a']);
  });

  it('reports the writes of a block at its COMMIT, before ReadyForQuery', () => {
    run(changes('a'), 'UPDATE 1', false);
    writes.settled(false);
    run(changes('b'), 'INSERT 0 1', false);
    writes.settled(false);
    expect(told).toEqual([]);
    run(nothing, 'COMMIT', false, 'commit');
    expect(told).toEqual(['committed a,b']);
  });

  it('remembers each change of a long block once', () => {
    for (let times = 0; times < 3; times++) run(changes('a'), 'INSERT 0 1', false);
    run(nothing, 'COMMIT', false, 'commit');
    expect(told).toEqual(['committed a']);
  });

  it.each(['rollback', 'commit'])(
    'forgets what a block wrote that %s ends with ROLLBACK, but not what code may have committed',
    (verb) => {
      run(changes('a'), 'UPDATE 1', false);
      run(changes('b', { runsUnknownCode: true }), 'CALL', false);
      run(nothing, 'ROLLBACK', false, verb);
      writes.settled(true);
      expect(told).toEqual(['committed b']);
    },
  );

  it('keeps writes made before a savepoint that is rolled back to', () => {
    run(changes('a'), 'UPDATE 1', false);
    run(nothing, 'ROLLBACK', false, 'rollbackTo');
    run(nothing, 'COMMIT', false, 'commit');
    expect(told).toEqual(['committed a']);
  });

  it('reports statements in flight or uncommitted as uncertain when the connection is lost', () => {
    run(changes('a'), 'UPDATE 1', false);
    writes.sent([changes('b')]);
    writes.lost();
    expect(told).toEqual(['uncertain a,b']);
    writes.lost();
    expect(told).toHaveLength(1);
  });

  it('knows statements of SQL PREPARE, and assumes any change for unknown names', () => {
    writes.prepared('p', changes('a'));
    run(changes('', { relations: [], executes: 'p' }), 'UPDATE 1', true);
    expect(told).toEqual(['committed a']);
    const [unknown] = writes.sent([changes('', { relations: [], executes: 'q' })]);
    expect(unknown).toMatchObject({ runsUnknownCode: true });
  });

  it('remembers all statements that a name may stand for, as a second PREPARE may have failed', () => {
    for (let at = 0; at < 1_000; at++) writes.prepared(`s${at}`, changes('a'));
    writes.prepared('s0', changes('b'));
    run(changes('', { relations: [], executes: 's0' }), 'INSERT 0 1', true);
    expect(told).toEqual(['committed a,b']);
  });

  it('assumes any change for a name that has stood for too many statements', () => {
    for (let at = 0; at < 9; at++) writes.prepared('p', changes(`t${at}`));
    const [unknown] = writes.sent([changes('', { relations: [], executes: 'p' })]);
    expect(unknown).toMatchObject({ runsUnknownCode: true });
  });

  it('counts a failed statement as one that may have written', () => {
    const note = writes.sent([changes('a')]);
    writes.ended(note);
    writes.settled(true);
    expect(told).toEqual(['committed a']);
  });
});
