import { describe, expect, it } from '@jest/globals';
import { CodeCatalogue } from './code-catalogue.ts';
import { codeKinds, type CodeAnswer, type CodeKind, type CodeObject } from './code-query.ts';

const f: CodeObject = ['function', 20_000, null, 'f', 'select 1', null];
const g: CodeObject = ['function', 20_001, null, 'g', 'select 2', null];
const t: CodeObject = ['relation', 20_002, null, 't', null, null];

const answer = (more: Partial<CodeAnswer>, counts: Partial<Record<CodeKind, number>> = {}): CodeAnswer => ({
  of: 'this',
  seen: 100,
  builtIn: null,
  objects: [],
  uses: [],
  anywhere: [],
  counts: codeKinds.map((kind) => counts[kind] ?? 0),
  ...more,
});
const read = (): CodeCatalogue => {
  const catalogue = new CodeCatalogue();
  expect(catalogue.take(answer({ builtIn: ['lower'], objects: [f, g, t] }))).toBe(true);
  return catalogue;
};

describe('a catalogue of code', () => {
  it('has changed when something in it has, and not after reading the same again', () => {
    const catalogue = read();
    expect([catalogue.isOther, catalogue.takeRows().functions, catalogue.isOther]).toEqual([true, ['f', 'g'], false]);
    catalogue.take(answer({ objects: [f] }));
    expect(catalogue.isOther).toBe(false);
    catalogue.take(answer({ objects: [['function', 20_000, null, 'f', 'select 3', null]] }));
    expect(catalogue.isOther).toBe(true);
    catalogue.takeRows();
    catalogue.take(answer({ anywhere: [20_000] }));
    expect([catalogue.isOther, catalogue.takeRows().uses]).toEqual([true, [['*', 'f']]]);
  });

  it('says of which kinds some objects are gone, and keeps the others', () => {
    const catalogue = read();
    expect(catalogue.gone(answer({}, { function: 2, relation: 1 }).counts)).toEqual([]);
    expect(catalogue.gone(answer({}, { function: 1, relation: 1 }).counts)).toEqual(['function']);
    catalogue.keep({ function: [20_001] });
    expect(catalogue.takeRows()).toMatchObject({ functions: ['g'], relations: ['t'], builtIn: ['lower'] });
  });

  it('must be read completely if it is another one', () => {
    const others: Partial<CodeAnswer>[] = [{ of: 'that' }, { seen: 99 }, { seen: 100 + 2 ** 30 + 1 }];
    expect(others.map((other) => read().take(answer(other)))).toEqual([false, false, false]);
    expect(read().take(answer({ seen: 100 + 2 ** 30 }))).toBe(true);
    // More than are known: something was missed.
    expect(read().gone(answer({}, { function: 3, relation: 1 }).counts)).toBeUndefined();
    const catalogue = read();
    catalogue.forget();
    expect([catalogue.since, read().since]).toEqual([undefined, 100]);
    catalogue.take(answer({ of: 'that', seen: 5, builtIn: [], objects: [t] }));
    expect(catalogue.takeRows()).toMatchObject({ functions: [], relations: ['t'], builtIn: [] });
  });
});
