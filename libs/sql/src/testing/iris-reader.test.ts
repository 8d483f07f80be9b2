import { beforeAll, describe, expect, it } from '@jest/globals';
import { seededRandom } from '@medrex/contracts/testing';
import { irisSql } from '../iris/fragment.ts';
import { IrisTranslator } from '../iris/iris-translator.ts';
import { parseSql } from '../pg-parser.ts';
import { postgresOfIris } from './iris-reader.ts';
import { QueryWriter, type WrittenQuery } from './query-grammar.ts';
import { wardCatalog } from './ward-catalog.ts';
import { writtenQueries, youngerQueries } from './written-queries.ts';

let translator: IrisTranslator;

beforeAll(async () => {
  translator = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
});

/** Translates to IRIS SQL and back. Undefined: the query is refused. */
function backAndForth({ sql, parameters }: WrittenQuery): string | undefined {
  const [translation] = translator.translate(sql);
  if (translation?.kind !== 'iris') return undefined;
  const [step] = translation.steps;
  if (step === undefined) return undefined;
  const values = step.parameters.map(({ parameter }) => parameters[parameter - 1] ?? null);
  return postgresOfIris(
    irisSql(step, (parameter) => parameters[parameter - 1] ?? undefined),
    values,
  );
}

describe('the test parser of IRIS SQL', () => {
  it('parses what the printer prints, and returns SQL that PostgreSQL can parse', () => {
    const writer = new QueryWriter(seededRandom(3));
    const generated = Array.from({ length: 400 }, () => writer.query());
    const texts = [...writtenQueries, ...youngerQueries, ...generated].map(backAndForth);
    const read = texts.filter((text) => text !== undefined);
    expect(read.length).toBeGreaterThan(texts.length * 0.8);
    expect(read.filter((text) => parseSql(text).kind === 'fault')).toEqual([]);
  });

  it.each([
    ['SELECT TOP 3 a FROM t ORDER BY a DESC', 'SELECT "a" FROM "t" ORDER BY "a" DESC NULLS LAST LIMIT 3'],
    ['SELECT a / 2, a \\ 2 FROM t', 'SELECT (("a")::numeric / 2), div(("a")::numeric, 2) FROM "t"'],
    [
      "SELECT %EXACT(a) FROM t WHERE b LIKE 'x%'",
      `SELECT (("a")::text COLLATE "C") FROM "t" WHERE (upper(("b") COLLATE "C") LIKE upper('x%') ESCAPE '')`,
    ],
    ['SELECT CAST(a AS INTEGER) FROM t', 'SELECT trunc(("a")::numeric)::INTEGER FROM "t"'],
  ])('%s', (iris, postgres) => {
    expect(postgresOfIris(iris)).toBe(postgres);
  });

  it('refuses what is not IRIS SQL', () => {
    expect(() => postgresOfIris('SELECT a FROM')).toThrow('a name expected');
    expect(() => postgresOfIris('SELECT a;')).toThrow('no IRIS SQL');
  });
});
