import type { PgType } from './pg-type.ts';

/** The result type of a function, by the type of its first argument; undefined: unknown. */
type TypeOf = (argument: PgType | undefined) => PgType | undefined;

interface FunctionRule {
  readonly result?: PgType | TypeOf;
  /** The required type of its first argument (of all, for numbers); PostgreSQL has no other overload. */
  readonly takes?: 'text' | 'number';
  /** The type assumed for an untyped argument; `second`: that of the second argument. */
  readonly assumes?: PgType | 'second';
  /** The name in IRIS, if the arguments are the same. */
  readonly iris?: string;
  /** IRIS has it as an ODBC scalar function only. */
  readonly isScalar?: true;
  /** The number of arguments of the IRIS function. */
  readonly arguments?: readonly [min: number, max: number];
  readonly isAggregate?: true;
  /** The SQLSTATE for arguments outside of its domain. */
  readonly domain?: string;
}

const ofArgument: TypeOf = (argument) => argument;
const ofExtreme: TypeOf = (argument) => (argument === 'varchar' ? 'text' : argument);
const ofMoment: TypeOf = (argument) => (argument === 'timestamp' ? 'timestamp' : 'timestamptz');

/** Numeric for numeric, double precision for every other number. */
const ofFraction: TypeOf = (argument) => {
  if (argument === undefined || argument === 'interval') return argument;
  return argument === 'numeric' ? 'numeric' : 'float8';
};

/** Double precision for floats, numeric for the others. */
const ofAverage: TypeOf = (argument) => {
  if (argument === undefined || argument === 'interval') return argument;
  return argument === 'float4' || argument === 'float8' ? 'float8' : 'numeric';
};

const ofSum: TypeOf = (argument) => {
  if (argument === 'int2' || argument === 'int4') return 'int8';
  return argument === 'int8' ? 'numeric' : argument;
};

const one = [1, 1] as const;
const two = [2, 2] as const;
const isAggregate = true;
const isScalar = true;
/** Number arguments; a parameter is assumed to be of PostgreSQL's preferred type. */
const number = { takes: 'number', assumes: 'float8' } as const;
const angle = { result: 'float8', takes: 'number', arguments: one } as const;
const deviation = { result: ofAverage, arguments: one, isAggregate } as const;
const ofPairs = { result: 'float8', isAggregate } as const;

/** Rules of functions by name. Functions without an IRIS name have their own printers, or are refused. */
export const functionTable: ReadonlyMap<string, FunctionRule> = new Map<string, FunctionRule>(
  Object.entries({
    lower: { result: 'text', takes: 'text', iris: 'LOWER', arguments: one },
    upper: { result: 'text', takes: 'text', iris: 'UPPER', arguments: one },
    length: { result: 'int4', takes: 'text', iris: 'CHAR_LENGTH', arguments: one }, // LENGTH would not count trailing spaces
    char_length: { result: 'int4', takes: 'text', iris: 'CHAR_LENGTH', arguments: one },
    character_length: { result: 'int4', takes: 'text', iris: 'CHAR_LENGTH', arguments: one },
    replace: { result: 'text', takes: 'text', iris: 'REPLACE', arguments: [3, 3] },
    reverse: { result: 'text', takes: 'text', iris: 'REVERSE', arguments: one },
    repeat: { result: 'text', takes: 'text', iris: 'REPEAT', arguments: two },
    lpad: { result: 'text', takes: 'text', iris: 'LPAD', arguments: [2, 3] },
    rpad: { result: 'text', takes: 'text', iris: 'RPAD', arguments: [2, 3] },
    ascii: { result: 'int4', takes: 'text', iris: 'ASCII', arguments: one },
    chr: { result: 'text', takes: 'number', iris: 'CHAR', arguments: one },
    btrim: { result: 'text', takes: 'text' },
    ltrim: { result: 'text', takes: 'text' },
    rtrim: { result: 'text', takes: 'text' },
    left: { result: 'text', takes: 'text' },
    right: { result: 'text', takes: 'text' },
    split_part: { result: 'text', takes: 'text' },
    translate: { result: 'text', takes: 'text' },
    regexp_replace: { result: 'text', takes: 'text' },
    strpos: { result: 'int4', takes: 'text' },
    starts_with: { result: 'bool', takes: 'text' },
    initcap: { takes: 'text' },
    md5: { takes: 'text' },
    octet_length: { result: 'int4', takes: 'text' },
    bit_length: { result: 'int4', takes: 'text' },
    substr: { result: 'text', takes: 'text' },
    substring: { result: 'text', takes: 'text' },
    overlay: { result: 'text', takes: 'text' },
    position: { result: 'int4' },
    num_nulls: { result: 'int4' },
    num_nonnulls: { result: 'int4' },
    concat: { result: 'text' },
    concat_ws: { result: 'text' },
    format: { result: 'text' },
    array_to_string: { result: 'text' },

    abs: { ...number, result: ofArgument, iris: 'ABS', arguments: one },
    ceil: { ...number, result: ofFraction, iris: 'CEILING', arguments: one },
    ceiling: { ...number, result: ofFraction, iris: 'CEILING', arguments: one },
    floor: { ...number, result: ofFraction, iris: 'FLOOR', arguments: one },
    sign: { ...number, result: ofFraction, iris: 'SIGN', arguments: one },
    sqrt: { ...number, result: ofFraction, iris: 'SQRT', arguments: one, domain: '2201F' },
    exp: { ...number, result: ofFraction, iris: 'EXP', isScalar, arguments: one },
    ln: { ...number, result: ofFraction, iris: 'LOG', isScalar, arguments: one, domain: '2201E' },
    log: { ...number, result: ofFraction, iris: 'LOG10', isScalar, arguments: one, domain: '2201E' },
    log10: { ...number, result: ofFraction, iris: 'LOG10', isScalar, arguments: one, domain: '2201E' },
    round: { ...number, result: ofFraction },
    trunc: { ...number, result: ofFraction },
    power: { ...number, assumes: 'second', result: ofFraction, iris: 'POWER', arguments: two, domain: '2201F' },
    pow: { ...number, assumes: 'second', result: ofFraction, iris: 'POWER', arguments: two, domain: '2201F' },
    div: { ...number, result: 'numeric' },
    mod: { ...number, assumes: 'second', result: ofArgument, iris: 'MOD', arguments: two },
    pi: { result: 'float8', iris: 'PI', isScalar, arguments: [0, 0] },
    sin: { ...angle, iris: 'SIN', isScalar },
    cos: { ...angle, iris: 'COS', isScalar },
    tan: { ...angle, iris: 'TAN', isScalar },
    cot: { ...angle, iris: 'COT', isScalar },
    asin: { ...angle, iris: 'ASIN', isScalar, domain: '22003' },
    acos: { ...angle, iris: 'ACOS', isScalar, domain: '22003' },
    atan: { ...angle, iris: 'ATAN', isScalar },
    radians: { ...angle, iris: 'RADIANS' },
    degrees: { ...angle, iris: 'DEGREES' },
    width_bucket: { result: 'int4' },

    now: { result: 'timestamptz' },
    transaction_timestamp: { result: 'timestamptz' },
    statement_timestamp: { result: 'timestamptz' },
    clock_timestamp: { result: 'timestamptz' },
    to_timestamp: { result: 'timestamptz' },
    to_date: { result: 'date' },
    to_char: { result: 'text' },
    date: { result: 'date' },
    make_date: { result: 'date' },
    make_timestamp: { result: 'timestamp' },
    make_interval: { result: 'interval' },
    age: { result: 'interval' },
    date_trunc: { result: ofMoment },
    date_bin: { result: ofMoment },
    date_part: { result: 'float8' },
    extract: { result: 'numeric' },
    overlaps: { result: 'bool' },

    count: { result: 'int8', isAggregate },
    sum: { result: ofSum, isAggregate },
    avg: { result: ofAverage, isAggregate },
    min: { result: ofExtreme, assumes: 'text', isAggregate },
    max: { result: ofExtreme, assumes: 'text', isAggregate },
    bool_and: { result: 'bool', assumes: 'bool', isAggregate },
    bool_or: { result: 'bool', assumes: 'bool', isAggregate },
    every: { result: 'bool', assumes: 'bool', isAggregate },
    stddev: { ...deviation, iris: 'STDDEV' },
    stddev_samp: { ...deviation, iris: 'STDDEV_SAMP' },
    stddev_pop: { ...deviation, iris: 'STDDEV_POP' },
    variance: { ...deviation, iris: 'VARIANCE' },
    var_samp: { ...deviation, iris: 'VAR_SAMP' },
    var_pop: { ...deviation, iris: 'VAR_POP' },
    corr: ofPairs,
    covar_pop: ofPairs,
    covar_samp: ofPairs,
    regr_avgx: ofPairs,
    regr_avgy: ofPairs,
    regr_sxx: ofPairs,
    regr_syy: ofPairs,
    regr_sxy: ofPairs,
    regr_slope: ofPairs,
    regr_intercept: ofPairs,
    regr_r2: ofPairs,
    regr_count: { result: 'int8', isAggregate },
    string_agg: { result: 'text', takes: 'text', isAggregate },
    json_agg: { result: 'json', isAggregate },
    jsonb_agg: { result: 'jsonb', isAggregate },
    json_object_agg: { result: 'json', isAggregate },
    jsonb_object_agg: { result: 'jsonb', isAggregate },
    array_agg: { isAggregate },
    mode: { isAggregate },
    percentile_cont: { isAggregate },
    percentile_disc: { isAggregate },
    bit_and: { isAggregate },
    bit_or: { isAggregate },
    bit_xor: { isAggregate },
    xmlagg: { isAggregate },
    any_value: { isAggregate },

    row_number: { result: 'int8' },
    rank: { result: 'int8' },
    dense_rank: { result: 'int8' },
    percent_rank: { result: 'float8' },
    cume_dist: { result: 'float8' },
    ntile: { result: 'int4' },
    lag: { result: ofArgument },
    lead: { result: ofArgument },
    first_value: { result: ofArgument },
    last_value: { result: ofArgument },

    json_build_object: { result: 'json' },
    jsonb_build_object: { result: 'jsonb' },
    json_build_array: { result: 'json' },
    jsonb_build_array: { result: 'jsonb' },
    row_to_json: { result: 'json' },
    to_json: { result: 'json' },
    to_jsonb: { result: 'jsonb' },
    iris_json_member: { result: 'text' },
    iris_value_text: { result: 'text' },

    cosine_distance: { result: 'float8' },
    inner_product: { result: 'float8' },
  } satisfies Record<string, FunctionRule>),
);

/** @param name unqualified */
export const isAggregateName = (name: string): boolean => functionTable.get(name)?.isAggregate === true;

/** @param argument the type of the first argument */
export function functionType(words: readonly string[], argument: () => PgType | undefined): PgType | undefined {
  if (words.length > 1 && words[0] !== 'pg_catalog') return undefined;
  const result = functionTable.get(words.at(-1) ?? '')?.result;
  return typeof result === 'function' ? result(argument()) : result;
}
