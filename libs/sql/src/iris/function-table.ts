import type { PgType } from './pg-type.ts';

/** What a function gives back: a type of its own, or that of its first argument. */
type Result = PgType | 'argument';

interface FunctionRule {
  readonly result: Result;
  /** The name in IRIS, where the arguments stay as they are. `fn`: only as an ODBC scalar function. */
  readonly iris?: string;
  readonly isScalar?: boolean;
  readonly arguments?: readonly [min: number, max: number];
}

const one = [1, 1] as const;
const two = [2, 2] as const;

/** Functions that need nothing but another name, if that. The others have rules of their own. */
export const functionTable: ReadonlyMap<string, FunctionRule> = new Map<string, FunctionRule>(
  Object.entries({
    lower: { result: 'text', iris: 'LOWER', arguments: one },
    upper: { result: 'text', iris: 'UPPER', arguments: one },
    length: { result: 'int4', iris: 'CHAR_LENGTH', arguments: one }, // LENGTH would not count blanks at the end
    char_length: { result: 'int4', iris: 'CHAR_LENGTH', arguments: one },
    character_length: { result: 'int4', iris: 'CHAR_LENGTH', arguments: one },
    substr: { result: 'text', iris: 'SUBSTRING', arguments: [2, 3] },
    substring: { result: 'text', iris: 'SUBSTRING', arguments: [2, 3] },
    replace: { result: 'text', iris: 'REPLACE', arguments: [3, 3] },
    reverse: { result: 'text', iris: 'REVERSE', arguments: one },
    repeat: { result: 'text', iris: 'REPEAT', arguments: two },
    lpad: { result: 'text', iris: 'LPAD', arguments: [2, 3] },
    rpad: { result: 'text', iris: 'RPAD', arguments: [2, 3] },
    ascii: { result: 'int4', iris: 'ASCII', arguments: one },
    chr: { result: 'text', iris: 'CHAR', arguments: one },
    concat: { result: 'text', iris: 'STRING', arguments: [1, 100] }, // both take NULL for no text
    abs: { result: 'argument', iris: 'ABS', arguments: one },
    ceil: { result: 'argument', iris: 'CEILING', arguments: one },
    ceiling: { result: 'argument', iris: 'CEILING', arguments: one },
    floor: { result: 'argument', iris: 'FLOOR', arguments: one },
    sign: { result: 'argument', iris: 'SIGN', arguments: one },
    sqrt: { result: 'float8', iris: 'SQRT', arguments: one },
    power: { result: 'float8', iris: 'POWER', arguments: two },
    pow: { result: 'float8', iris: 'POWER', arguments: two },
    exp: { result: 'float8', iris: 'EXP', isScalar: true, arguments: one },
    ln: { result: 'float8', iris: 'LOG', isScalar: true, arguments: one },
    log10: { result: 'float8', iris: 'LOG10', isScalar: true, arguments: one },
    mod: { result: 'argument', iris: 'MOD', arguments: two },
    stddev: { result: 'numeric', iris: 'STDDEV', arguments: one },
    stddev_samp: { result: 'numeric', iris: 'STDDEV_SAMP', arguments: one },
    stddev_pop: { result: 'numeric', iris: 'STDDEV_POP', arguments: one },
    variance: { result: 'numeric', iris: 'VARIANCE', arguments: one },
    var_samp: { result: 'numeric', iris: 'VAR_SAMP', arguments: one },
    var_pop: { result: 'numeric', iris: 'VAR_POP', arguments: one },
  } satisfies Record<string, FunctionRule>),
);

/** What the functions with rules of their own give back. */
const otherResults: ReadonlyMap<string, Result> = new Map<string, Result>(
  Object.entries({
    count: 'int8',
    min: 'argument',
    max: 'argument',
    bool_and: 'bool',
    bool_or: 'bool',
    every: 'bool',
    string_agg: 'text',
    now: 'timestamptz',
    btrim: 'text',
    ltrim: 'text',
    rtrim: 'text',
    left: 'text',
    right: 'text',
    position: 'int4',
    strpos: 'int4',
    round: 'argument',
    trunc: 'argument',
    extract: 'numeric',
    date_part: 'float8',
    row_number: 'int8',
    rank: 'int8',
    dense_rank: 'int8',
    percent_rank: 'float8',
    cume_dist: 'float8',
    lag: 'argument',
    lead: 'argument',
    first_value: 'argument',
    cosine_distance: 'float8',
    inner_product: 'float8',
    jsonb_build_object: 'jsonb',
    json_build_object: 'json',
    jsonb_build_array: 'jsonb',
    json_build_array: 'json',
  } satisfies Record<string, Result>),
);

export function functionType(words: readonly string[], argument: () => PgType | undefined): PgType | undefined {
  if (words.length > 1 && words[0] !== 'pg_catalog') return undefined;
  const name = words.at(-1) ?? '';
  if (name === 'sum') return sumType(argument());
  if (name === 'date_trunc') return argument() === 'timestamp' ? 'timestamp' : 'timestamptz';
  if (name === 'avg') return argument() === 'float8' ? 'float8' : argument() === undefined ? undefined : 'numeric';
  const result = functionTable.get(name)?.result ?? otherResults.get(name);
  return result === 'argument' ? argument() : result;
}

function sumType(argument: PgType | undefined): PgType | undefined {
  if (argument === 'int2' || argument === 'int4') return 'int8';
  return argument === 'int8' ? 'numeric' : argument;
}
