import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fingerprintOf } from './fingerprint.ts';
import { loadParser, parseSql } from './pg-parser.ts';
import { plainSkeletonOf } from './plain-skeleton.ts';
import { carefulSkeletonOf, skeletonOf, withoutLiterals } from './skeleton.ts';

const normalised = (text: string): string => withoutLiterals(skeletonOf(text));
const fingerprint = (text: string): string => fingerprintOf(skeletonOf(text));

beforeAll(loadParser);

describe('a text without its literals', () => {
  it.each([
    ["select 'a''b', 1, 2.5e3, .5", 'select $1, $2, $3, $4'],
    ["select E'a\\'b', B'1', X'ff', N'x', U&'\\0041'", 'select $1, $2, $3, $4, $5'],
    ['select $$a$$, $x$ $$ $x$, $1', 'select $2, $3, $1'],
    ['select "it\'s 1", a1, a$2 from t', 'select "it\'s 1", a1, a$2 from t'],
    ['select/* one /* nested */ */1 -- two\n, 2;', 'select $1 , $2'],
    ['  select\n\t 1 ;\n', 'select $1'],
    ["select 'open", 'select $1'],
    ["selec 'x' 5", 'selec $1 $2'],
    ['select 0x1F, 1_000', 'select $1, $2'],
    ["select a->>'b' from t where c[1] = -2", 'select a->>$1 from t where c[$2] = -$3'],
    ['select 1 + /* x', 'select $1 +'],
    ["do $body$ select 'x' $body$", 'do $1'],
  ])('%s', (text, expected) => {
    expect(normalised(text)).toBe(expected);
  });

  const literal = fc.oneof(
    fc.string().map((text) => `'${text.replaceAll("'", "''")}'`),
    fc.string().map((text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
    fc.string().map((text) => `$q$${text.replaceAll('$', '')}$q$`),
    fc.nat().map(String),
    fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(String),
  );
  const word = fc.constantFrom(
    'select',
    'from',
    'a',
    '"B c"',
    '(',
    ')',
    ',',
    '=',
    '+',
    '-',
    '::',
    '.',
    ';',
    '$1',
    '$7',
  );
  const gap = fc.constantFrom(' ', '\n', '\t ', ' /* x */ ', ' -- y\n', ' /* a /* b */ */ ');
  const text = fc.array(fc.tuple(fc.oneof(literal, word), gap)).map((parts) => parts.flat().join(''));

  it('is the same by both scanners', () => {
    const anything = fc.string({ unit: fc.constantFrom(...Array.from(` \n\t;;'"$$019aeEbu&xU_.,-/*()+é\u0001\\`)) });
    let plain = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          anything,
          fc.array(fc.oneof(anything, word)).map((parts) => parts.join(' ')),
        ),
        (sql) => {
          const found = plainSkeletonOf(sql);
          if (found !== undefined && sql.length > 4) plain++;
          expect(found ?? carefulSkeletonOf(sql)).toEqual(carefulSkeletonOf(sql));
        },
      ),
      { numRuns: 3_000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it('has no literal left', () => {
    fc.assert(
      fc.property(text, (sql) => {
        expect(skeletonOf(normalised(sql)).key).not.toContain('\u0001');
        expect(normalised(sql)).not.toContain("'");
      }),
    );
  });

  it('is unchanged when normalized again', () => {
    fc.assert(fc.property(text, (sql) => expect(normalised(normalised(sql))).toBe(normalised(sql))));
  });

  it('contains no secret of a statement', () => {
    const secret = fc.stringMatching(/^[a-z]{12}$/);
    fc.assert(
      fc.property(secret, literal, (name, other) => {
        for (const sql of [
          `insert into t values ('${name}', ${other})`,
          `select ${other} /* ${name} */ from t -- ${name}`,
          `alter role a password '${name}'`,
          `notify a, '${name}'`,
          `do $a$ begin perform '${name}'; end $a$`,
        ]) {
          expect(normalised(sql)).not.toContain(name);
        }
      }),
    );
  });
});

describe('texts with equal keys that determine the parse', () => {
  const value = fc.oneof(
    fc.tuple(fc.nat({ max: 999_999_999 }), fc.nat({ max: 999_999_999 })),
    fc.tuple(fc.string(), fc.string()).map((pair) => pair.map((each) => `'${each.replace(/['\0]/g, '')}'`)),
  );
  const templates = [
    'select a from t where b = ?',
    'select a from t order by ? limit ?',
    'insert into t values (?, ?), (?, -?)',
    'update t set a = ?::numeric(4,2) where b like ? escape ?',
    'select interval ?, ? + ?, f(?)',
    'fetch ? from c',
    'select ? ?',
  ];

  /** The tree without its literals. */
  function shape(sql: string): unknown {
    const parsing = parseSql(sql);
    if (parsing.kind === 'fault') return 'fault';
    const hidden: ReadonlySet<string> = new Set(['location', 'sval', 'ival', 'fval', 'stmt_len', 'howMany']);
    return JSON.parse(JSON.stringify(parsing, (name, each: unknown) => (hidden.has(name) ? undefined : each)));
  }

  it('are parsed to the same tree', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...templates),
        fc.array(value, { minLength: 4, maxLength: 4 }),
        (template, values) => {
          let place = 0;
          const fill = (side: number): string => {
            place = 0;
            return template.replace(/\?/g, () => String(values[place++]?.[side]));
          };
          const [left, right] = [fill(0), fill(1)];
          const keys = [skeletonOf(left), skeletonOf(right)];
          if (!keys.every(({ isReliable }) => isReliable) || keys[0]?.key !== keys[1]?.key) return;
          expect(shape(left)).toEqual(shape(right));
        },
      ),
    );
  });
});

describe('the fingerprint', () => {
  it.each([
    ['select a from t where b = 1', "SELECT a\nFROM t WHERE b = 'x' -- c"],
    ['select a from t where b in (1)', 'select a from t where b in ($1, $2,$3)'],
    ['insert into t values (1, 2)', 'insert into t values (3, 4), (5, 6), (7, 8)'],
    ['select a from t where b = $1', 'select a from t where b = 17;'],
  ])('is equal for %s and %s', (left, right) => {
    expect(fingerprint(left)).toBe(fingerprint(right));
  });

  it.each([
    ['select a from t', 'select b from t'],
    ['select "A" from t', 'select "a" from t'],
    ['listen a', 'listen b'],
    ['select a from t', 'select a from t t'],
  ])('differs for %s and %s', (left, right) => {
    expect(fingerprint(left)).not.toBe(fingerprint(right));
  });

  it('does not collide over many shapes', () => {
    const shapes = Array.from({ length: 20_000 }, (_, n) => `select c${n % 200} from t${Math.floor(n / 200)}`);
    expect(new Set(shapes.map(fingerprint)).size).toBe(shapes.length);
  });
});
