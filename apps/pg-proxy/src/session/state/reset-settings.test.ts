import { beforeAll, describe, expect, it } from '@jest/globals';
import { SqlAnalyser } from '@medrex/sql';
import { rewriteResets, type RewrittenText } from './reset-settings.ts';

const began = new Map([
  ['work_mem', '3MB'],
  ['search_path', 'ä,b'],
  ['role', 'r'],
]);
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

describe('setInPlace', () => {
  let analyser: SqlAnalyser;
  beforeAll(async () => {
    analyser = await SqlAnalyser.load();
  });

  const of = (text: string, settings = began): RewrittenText | undefined => {
    const analysis = analyser.analyse(text);
    if (analysis.kind !== 'read') throw new Error(analysis.kind);
    return rewriteResets(
      latin1(text),
      { ...analysis, bound: undefined, shows: undefined, mayReset: false, index: 0 },
      settings,
    );
  };
  const workMem = `SET "work_mem" TO E'3MB'`;
  const searchPath = `SELECT pg_catalog.set_config(E'search_path',pg_catalog.convert_from(E'\\\\xc3a42c62','UTF8'),false) IS NULL`;

  it.each([
    ['reset work_mem', `reset work_mem\n;${workMem}`, [1]],
    ['reset role', `reset role\n;SET "role" TO E'r'`, [1]],
    ['set local role to default; select 1', `set local role to default; SET LOCAL "role" TO E'r';select 1`, [1]],
    ['reset session authorization', `reset session authorization\n;SET "role" TO E'r'`, [1]],
    ['reset work_mem -- c', `reset work_mem -- c\n;${workMem}`, [1]],
    ['set work_mem to default; select 1', `set work_mem to default; ${workMem};select 1`, [1]],
    [
      'set local work_mem to default;show x',
      `set local work_mem to default;SET LOCAL "work_mem" TO E'3MB';show x`,
      [1],
    ],
    ['reset all; select 2 -- ;', `reset all; ${workMem};${searchPath};select 2 -- ;`, [1, 2]],
    [
      "select 'ö'; reset work_mem /* ; */ ;; reset search_path; select 'ü'",
      `select 'ö'; reset work_mem /* ; */ ;; ${workMem};reset search_path; ${searchPath};select 'ü'`,
      [2, 4],
    ],
  ])('restores what was reset right behind it: %s', (text, expected, added) => {
    const { text: written, added: numbers } = of(text)!;
    expect(utf8(written)).toBe(expected);
    expect([...numbers]).toEqual(added);
  });

  it.each(['set role none', 'reset jit', 'set work_mem to 5', 'discard all', 'select 1; reset jit; select 2'])(
    'leaves a text alone that resets nothing: %s',
    (text) => {
      expect(of(text)).toBeUndefined();
      expect(of('reset all', new Map())).toBeUndefined();
    },
  );

  it('sets a list element by element, if that yields the same text', () => {
    const settings = new Map([['search_path', 'a, b']]);
    expect(of('reset search_path; select 1', settings)?.text).toBe(
      `reset search_path; SET "search_path" TO E'a',E'b';select 1`,
    );
  });

  it('maps a position to that in the text of the client', () => {
    const text = "select 'ö'; reset search_path; select nosuch; reset work_mem; select nowhere";
    const { text: written, positionOf } = of(text)!;
    for (const word of ["'ö'", 'reset search', 'nosuch', 'reset work', 'nowhere'])
      expect(positionOf(utf8(written).indexOf(word) + 1)).toBe(text.indexOf(word) + 1);
  });
});
