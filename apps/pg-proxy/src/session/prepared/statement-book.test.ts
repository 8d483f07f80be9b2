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
  it('are those of one pool for as long as it is there, and are forgotten with it', () => {
    const { book } = aBook();
    const [anna, ben] = [poolOf('clinic', 'anna'), poolOf('clinic', 'ben')];
    const before = book.of(anna);
    expect(book.of({ ...anna })).toBe(before);
    expect(book.of(ben)).not.toBe(before);
    book.forget(anna);
    expect(book.size).toBe(1);
    expect(book.of(anna)).not.toBe(before);
  });

  it('share what is known of their database until the last pool of it is forgotten', () => {
    const { book, made } = aBook();
    const [anna, ben] = [poolOf('clinic', 'anna'), poolOf('clinic', 'ben')];
    const statement = book.of(anna).use('select 1\0');
    book.of(ben).reshaped();
    expect(book.of(anna).use('select 1\0')).not.toBe(statement);
    book.forget(anna);
    book.of(anna);
    expect(made).toEqual(['clinic']);
    book.forget(anna);
    book.forget(ben);
    book.of(anna);
    expect(made).toEqual(['clinic', 'clinic']);
  });

  it('keep that somebody has asked for currval there', () => {
    const { book } = aBook();
    const pool = poolOf('clinic', 'anna');
    book.of(pool).asksSequences = true;
    book.forget(pool);
    expect(book.of(pool).asksSequences).toBe(true);
  });
});
