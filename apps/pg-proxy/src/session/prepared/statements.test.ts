import { describe, expect, it } from '@jest/globals';
import { PreparedStatements, Statements } from './statements.ts';

const atMost = (count: number, bytes = 1_000): { count: number; bytes: number } => ({ count, bytes });

describe('Statements', () => {
  it('are one for one text, as long as a client names it or there is room', () => {
    const statements = new Statements(atMost(1));
    const [one, again, other] = [statements.use('a'), statements.use('a'), statements.use('b')];
    expect(again).toBe(one);
    expect([one.name, other.name]).toEqual(['medrex_1', 'medrex_2']);
    for (const statement of [one, again, other]) statements.release(statement);
    // Two are unused now, and one may be kept: the one that was unused first went.
    expect(statements.use('b')).toBe(other);
    expect(statements.use('a').name).toBe('medrex_3');
  });

  it('are limited in length when no client names them', () => {
    const statements = new Statements(atMost(9, 10));
    const [long, short] = [statements.use('x'.repeat(8)), statements.use('y'.repeat(4))];
    for (const statement of [long, short]) statements.release(statement);
    expect(statements.use('y'.repeat(4))).toBe(short);
    expect(statements.use('x'.repeat(8))).not.toBe(long);
  });

  it.each([
    "select 'now'::timestamp",
    "select date ' Today '",
    "select 'yesterday 12:00'::timestamp",
    'fetch all in c',
    '/* page 2 */ FETCH c',
  ])('are not shared if they mean the moment of their preparation: %s', (text) => {
    const statements = new Statements(atMost(9));
    expect(statements.use(`${text}\0`)).not.toBe(statements.use(`${text}\0`));
  });

  it('differ if names or constants mean something else', () => {
    const statements = new Statements(atMost(9));
    const [plain, there] = [statements.use('a'), statements.use('a', 'there')];
    expect([statements.use('a'), statements.use('a', 'there')]).toEqual([plain, there]);
    expect(plain.name).not.toBe(there.name);
  });

  it('differ for clients that prepare after tables have changed, in all pools of the database', () => {
    const shapes = { version: 0 };
    const [one, two] = [new Statements(atMost(9), shapes), new Statements(atMost(9), shapes)];
    const [before, there] = [one.use('a'), two.use('a')];
    two.tablesChanged();
    const after = one.use('a');
    expect([after.name === before.name, one.use('a') === after, two.use('a') === there]).toEqual([false, true, false]);
    for (const statement of [before, after]) one.release(statement);
    expect(one.use('a')).toBe(after);
  });

  it('know whether they leave state behind', () => {
    const statements = new Statements(atMost(1));
    expect([statements.use('set a to 1\0').leavesState, statements.use('select 1\0').leavesState]).toEqual([
      true,
      false,
    ]);
  });
});

describe('PreparedStatements', () => {
  it('drop the least recently used one', () => {
    const statements = new Statements(atMost(9));
    const [a, b, c] = ['a', 'b', 'c'].map((key) => statements.use(key).name);
    const prepared = new PreparedStatements(2);
    for (const name of [a!, b!]) {
      expect(prepared.makeRoom()).toBeUndefined();
      prepared.add(name);
    }
    prepared.touch(a!);
    expect(prepared.makeRoom()).toBe(b);
    prepared.add(c!);
    expect([prepared.touch(a!), prepared.touch(b!), prepared.touch(c!)]).toEqual([true, false, true]);
  });
});
