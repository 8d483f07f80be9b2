import type { PgType } from './pg-type.ts';

/**
 * What a function gives back: a type of its own, or that of its first argument. `fraction`: numeric for numeric, double
 * precision for every other number; `average`: double precision for floats, numeric for the others; `extreme`: text for varchar.
 */
type Result = PgType | 'argument' | 'fraction' | 'average' | 'extreme';

interface FunctionRule {
  readonly result: Result;
  /** The name in IRIS, where the arguments stay as they are. `fn`: only as an ODBC scalar function. */
  readonly iris?: string;
  readonly isScalar?: boolean;
  readonly arguments?: readonly [min: number, max: number];
}

/** What the first argument of a function has to be, and all those of numbers; PostgreSQL has no other function of that name. */
export const argumentKinds: ReadonlyMap<string, 'text' | 'number'> = new Map<string, 'text' | 'number'>([
  ...(
    'lower upper length char_length character_length replace reverse repeat lpad rpad ascii btrim ltrim rtrim left right ' +
    'split_part translate starts_with strpos initcap md5 string_agg regexp_replace'
  )
    .split(' ')
    .map((name) => [name, 'text'] as const),
  ...'abs ceil ceiling floor round trunc sign sqrt power pow exp ln log log10 mod sin cos tan cot asin acos atan radians degrees chr'
    .split(' ')
    .map((name) => [name, 'number'] as const),
]);

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
    replace: { result: 'text', iris: 'REPLACE', arguments: [3, 3] },
    reverse: { result: 'text', iris: 'REVERSE', arguments: one },
    repeat: { result: 'text', iris: 'REPEAT', arguments: two },
    lpad: { result: 'text', iris: 'LPAD', arguments: [2, 3] },
    rpad: { result: 'text', iris: 'RPAD', arguments: [2, 3] },
    ascii: { result: 'int4', iris: 'ASCII', arguments: one },
    chr: { result: 'text', iris: 'CHAR', arguments: one },
    abs: { result: 'argument', iris: 'ABS', arguments: one },
    ceil: { result: 'fraction', iris: 'CEILING', arguments: one },
    ceiling: { result: 'fraction', iris: 'CEILING', arguments: one },
    floor: { result: 'fraction', iris: 'FLOOR', arguments: one },
    sign: { result: 'fraction', iris: 'SIGN', arguments: one },
    sqrt: { result: 'fraction', iris: 'SQRT', arguments: one },
    power: { result: 'fraction', iris: 'POWER', arguments: two },
    pow: { result: 'fraction', iris: 'POWER', arguments: two },
    exp: { result: 'fraction', iris: 'EXP', isScalar: true, arguments: one },
    ln: { result: 'fraction', iris: 'LOG', isScalar: true, arguments: one },
    log10: { result: 'fraction', iris: 'LOG10', isScalar: true, arguments: one },
    mod: { result: 'argument', iris: 'MOD', arguments: two },
    log: { result: 'fraction', iris: 'LOG10', isScalar: true, arguments: one },
    pi: { result: 'float8', iris: 'PI', isScalar: true, arguments: [0, 0] },
    sin: { result: 'float8', iris: 'SIN', isScalar: true, arguments: one },
    cos: { result: 'float8', iris: 'COS', isScalar: true, arguments: one },
    tan: { result: 'float8', iris: 'TAN', isScalar: true, arguments: one },
    cot: { result: 'float8', iris: 'COT', isScalar: true, arguments: one },
    asin: { result: 'float8', iris: 'ASIN', isScalar: true, arguments: one },
    acos: { result: 'float8', iris: 'ACOS', isScalar: true, arguments: one },
    atan: { result: 'float8', iris: 'ATAN', isScalar: true, arguments: one },
    radians: { result: 'float8', iris: 'RADIANS', arguments: one },
    degrees: { result: 'float8', iris: 'DEGREES', arguments: one },
    stddev: { result: 'average', iris: 'STDDEV', arguments: one },
    stddev_samp: { result: 'average', iris: 'STDDEV_SAMP', arguments: one },
    stddev_pop: { result: 'average', iris: 'STDDEV_POP', arguments: one },
    variance: { result: 'average', iris: 'VARIANCE', arguments: one },
    var_samp: { result: 'average', iris: 'VAR_SAMP', arguments: one },
    var_pop: { result: 'average', iris: 'VAR_POP', arguments: one },
  } satisfies Record<string, FunctionRule>),
);

export const aggregateNames: ReadonlySet<string> = new Set([
  'count', 'sum', 'avg', 'min', 'max', 'bool_and', 'bool_or', 'every', 'string_agg', 'stddev', 'stddev_samp', 'stddev_pop', 'variance',
  'var_samp', 'var_pop', 'percentile_cont', 'percentile_disc', 'mode', 'corr', 'covar_pop', 'covar_samp', 'regr_count', 'regr_avgx',
  'regr_avgy', 'regr_sxx', 'regr_syy', 'regr_sxy', 'regr_slope', 'regr_intercept', 'regr_r2', 'array_agg', 'json_agg', 'jsonb_agg',
  'json_object_agg', 'jsonb_object_agg', 'bit_and', 'bit_or', 'bit_xor', 'xmlagg', 'any_value',
]); // prettier-ignore

/** What the functions with rules of their own give back. */
const otherResults: ReadonlyMap<string, Result> = new Map<string, Result>(
  Object.entries({
    count: 'int8',
    make_interval: 'interval',
    age: 'interval',
    make_date: 'date',
    make_timestamp: 'timestamp',
    date: 'date',
    format: 'text',
    ntile: 'int4',
    overlaps: 'bool',
    starts_with: 'bool',
    to_char: 'text',
    to_date: 'date',
    to_timestamp: 'timestamptz',
    min: 'extreme',
    max: 'extreme',
    bool_and: 'bool',
    bool_or: 'bool',
    every: 'bool',
    string_agg: 'text',
    ...{ corr: 'float8', covar_pop: 'float8', covar_samp: 'float8', regr_avgx: 'float8', regr_avgy: 'float8' },
    ...{ regr_sxx: 'float8', regr_syy: 'float8', regr_sxy: 'float8', regr_slope: 'float8', regr_intercept: 'float8' },
    ...{ regr_r2: 'float8', regr_count: 'int8' },
    now: 'timestamptz',
    transaction_timestamp: 'timestamptz',
    statement_timestamp: 'timestamptz',
    clock_timestamp: 'timestamptz',
    btrim: 'text',
    ltrim: 'text',
    rtrim: 'text',
    concat: 'text',
    substr: 'text',
    substring: 'text',
    split_part: 'text',
    translate: 'text',
    concat_ws: 'text',
    regexp_replace: 'text',
    width_bucket: 'int4',
    left: 'text',
    right: 'text',
    position: 'int4',
    strpos: 'int4',
    avg: 'average',
    round: 'fraction',
    trunc: 'fraction',
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
    last_value: 'argument',
    cosine_distance: 'float8',
    inner_product: 'float8',
    jsonb_build_object: 'jsonb',
    json_build_object: 'json',
    jsonb_build_array: 'jsonb',
    json_build_array: 'json',
    iris_json_member: 'text',
    iris_value_text: 'text',
    ...{ json_object_agg: 'json', jsonb_object_agg: 'jsonb', array_to_string: 'text' },
    ...{ row_to_json: 'json', to_json: 'json', to_jsonb: 'jsonb', json_agg: 'json', jsonb_agg: 'jsonb' },
  } satisfies Record<string, Result>),
);

export function functionType(words: readonly string[], argument: () => PgType | undefined): PgType | undefined {
  if (words.length > 1 && words[0] !== 'pg_catalog') return undefined;
  const name = words.at(-1) ?? '';
  if (name === 'sum') return sumType(argument());
  if (name === 'date_trunc' || name === 'date_bin') return argument() === 'timestamp' ? 'timestamp' : 'timestamptz';
  const result = functionTable.get(name)?.result ?? otherResults.get(name);
  if (result !== 'argument' && result !== 'fraction' && result !== 'average' && result !== 'extreme') return result;
  const type = argument();
  if (result === 'argument' || type === undefined) return type;
  if (result === 'extreme') return type === 'varchar' ? 'text' : type;
  if (type === 'interval') return type;
  const isFloat = type === 'float4' || type === 'float8';
  if (result === 'average') return isFloat ? 'float8' : 'numeric';
  return type === 'numeric' ? 'numeric' : 'float8';
}

function sumType(argument: PgType | undefined): PgType | undefined {
  if (argument === 'int2' || argument === 'int4') return 'int8';
  return argument === 'int8' ? 'numeric' : argument;
}
