import { describe, expect, it } from '@jest/globals';
import type { PoolName } from '@medrex/pool';
import { StatementBook } from './statement-book.ts';

const poolOf = (database: string, user: string): PoolName => ({ upstream: 'main', database, user, secret: 'own' });

function aBook(): { book: StatementBook; made: string[] } {
  const made: string[] = [];
  const book = new StatementBook(
    ({ database }) => database,
    ({ database }) => {
      made.push(database);
      return { version: 0 };
    },
  );
  return { book, made };
}

describe('the statements of all pools', () => {
  it('belong to a pool as long as it exists, and are forgotten with it', () => {
    const { book } = aBook();
    const [anna, ben] = [poolOf('clinic', 'anna'), poolOf('clinic', 'ben')];
    const before = book.of(anna);
    expect(book.of({ ...anna })).toBe(before);
    expect(book.of(ben)).not.toBe(before);
    book.forget(anna);
    expect(book.size).toBe(1);
    expect(book.of(anna)).not.toBe(before);
  });

  it('share what is known about their database until its last pool is forgotten', () => {
    const { book, made } = aBook();
    const [anna, ben] = [poolOf('clinic', 'anna'), poolOf('clinic', 'ben')];
    const statement = book.of(anna).use('select 1\0');
    book.of(ben).tablesChanged();
    expect(book.of(anna).use('select 1\0')).not.toBe(statement);
    book.forget(anna);
    book.of(anna);
    expect(made).toEqual(['clinic']);
    book.forget(anna);
    book.forget(ben);
    book.of(anna);
    expect(made).toEqual(['clinic', 'clinic']);
  });

  it('follow their pool to another server, of which nothing is known yet', () => {
    const { book, made } = aBook();
    const [anna, ben] = [poolOf('clinic', 'anna'), poolOf('clinic', 'ben')];
    const [statements, others] = [book.of(anna), book.of(ben)];
    const statement = statements.use('select 1\0');
    const [moved, movedToo] = [anna, ben].map((name) => ({ ...name, upstream: 'copy' }));
    book.move([
      { from: anna, to: moved! },
      { from: ben, to: movedToo! },
    ]);
    expect([book.of(moved!), book.of(movedToo!)]).toEqual([statements, others]);
    const again = statements.use('select 1\0');
    expect(again.name).not.toBe(statement.name);
    others.tablesChanged();
    expect(statements.use('select 1\0')).not.toBe(again);
    expect([made.length, book.size]).toEqual([2, 2]);
  });

  it('remember there that somebody has called currval', () => {
    const { book } = aBook();
    const pool = poolOf('clinic', 'anna');
    book.of(pool).tracksSequences = true;
    book.forget(pool);
    expect(book.of(pool).tracksSequences).toBe(true);
  });
});
