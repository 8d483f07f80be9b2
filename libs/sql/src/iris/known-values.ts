import type { A_Expr, FuncCall, Node } from 'libpg-query';
import { bodyOf, lastNameOf, namesOf } from '../ast.ts';
import { ageOf } from './age.ts';
import { elementType, numberTypes, textTypes, integerTypes, typeUse, type PgType } from './pg-type.ts';
import { Refusal, refuse } from './refusal.ts';

/** Values of parameters, as text, by number; null is NULL. */
export type KnownValues = ReadonlyMap<number, string | null>;

/** An argument whose value the translation depends on, with a sample to use until the value is known. */
interface Place {
  readonly type: 'text' | 'int4' | 'float8';
  readonly sample: string;
}

const text = (sample: string): Place => ({ type: 'text', sample });
const integer = (sample: number): Place => ({ type: 'int4', sample: String(sample) });
const share: Place = { type: 'float8', sample: '0.5' };
const arrayPlace = text('{}');
const none = undefined;

/** Such arguments by function name and argument index. */
const ofCalls: Readonly<Record<string, readonly (Place | undefined)[] | undefined>> = {
  date_trunc: [text('day')],
  date_part: [text('epoch')],
  date_bin: [text('1 day')],
  timezone: [text('UTC')],
  to_char: [none, text('9')],
  to_date: [none, text('YYYY-MM-DD')],
  to_timestamp: [none, text('YYYY-MM-DD')],
  string_agg: [none, text(',')],
  concat_ws: [text(',')],
  split_part: [none, text(','), integer(1)],
  translate: [none, text('a'), text('b')],
  regexp_replace: [none, text('a'), text('b'), text('g')],
  similar_to_escape: [text('a')],
  starts_with: [none, text('a')],
  btrim: [none, text('a')],
  ltrim: [none, text('a')],
  rtrim: [none, text('a')],
  left: [none, integer(1)],
  right: [none, integer(1)],
  ntile: [integer(1)],
  percentile_cont: [share],
  percentile_disc: [share],
};

const builders: ReadonlySet<string> = new Set(['json_build_object', 'jsonb_build_object']);
const jsonPaths: ReadonlySet<string> = new Set(['->', '->>', '#>', '#>>']);
const regexes: ReadonlySet<string> = new Set(['~', '~*', '!~', '!~*']);

/** Limits for inlined values: units, patterns and separators are short, and each element of an array is expanded. */
const charactersMax = 1_000;
const arrayCharactersMax = 100_000;

export interface Known {
  readonly statement: Node;
  /** The parameters that the translation depends on, with the types of their context. */
  readonly wanted: ReadonlyMap<number, PgType>;
  /** Those of them that are arrays, by element type. */
  readonly arrays: ReadonlyMap<number, PgType>;
}

/**
 * Replaces the parameters that the translation depends on (units of time, patterns, separators) by constants. Values are known at Bind;
 * until then samples are used, which suffice for Describe.
 * @param values undefined: not known yet
 */
export function withKnownValues(
  statement: Node,
  types: readonly (PgType | undefined)[],
  values: KnownValues | undefined,
): Known {
  const writer = new ConstantWriter(types, values);
  return { statement: writer.rewritten(statement) as Node, wanted: writer.wanted, arrays: writer.arrays };
}

class ConstantWriter {
  readonly wanted = new Map<number, PgType>();
  readonly arrays = new Map<number, PgType>();
  readonly #types: readonly (PgType | undefined)[];
  readonly #values: KnownValues | undefined;

  constructor(types: readonly (PgType | undefined)[], values: KnownValues | undefined) {
    this.#types = types;
    this.#values = values;
  }

  /** Returns the same object if nothing in it has changed. */
  rewritten(part: unknown): unknown {
    if (typeof part !== 'object' || part === null) return part;
    const call = bodyOf(part as Node, 'FuncCall');
    const whole = call === undefined ? this.#withPath(part as Node) : this.#withArguments(part as Node, call);
    if (Array.isArray(whole)) {
      const copy = whole.map((each) => this.rewritten(each));
      return copy.some((each, at) => each !== whole[at]) ? copy : whole;
    }
    const changed = Object.entries(whole).flatMap(([name, each]: [string, unknown]) => {
      const other = this.rewritten(each);
      return other === each ? [] : [[name, other] as const];
    });
    return changed.length === 0 ? whole : { ...whole, ...Object.fromEntries(changed) };
  }

  #withArguments(node: Node, call: FuncCall): Node {
    const words = namesOf(call.funcname);
    const name = words.at(-1) ?? '';
    const places = name === 'date_part' && ageOf(call.args?.[1]) !== undefined ? [text('year')] : ofCalls[name];
    const isBuilder = builders.has(name);
    const isOfArrays = name === 'unnest';
    const isPlain = places === undefined && !isBuilder && !isOfArrays;
    if (isPlain || (words.length > 1 && words[0] !== 'pg_catalog')) return node;
    const args = call.args?.map((arg, at) =>
      isOfArrays ? this.#array(arg) : this.#constant(arg, isBuilder && at % 2 === 0 ? text('k') : places?.[at]),
    );
    return args?.some((arg, at) => arg !== call.args?.[at]) === true ? { FuncCall: { ...call, args } } : node;
  }

  #withPath(node: Node): Node {
    const expression = bodyOf(node, 'A_Expr');
    if (expression?.rexpr === undefined) return node;
    const isOfArray = expression.kind === 'AEXPR_OP_ANY' || expression.kind === 'AEXPR_OP_ALL';
    if (expression.kind !== 'AEXPR_OP' && !isOfArray) return node;
    const rexpr = isOfArray
      ? this.#testedArray(expression, expression.rexpr)
      : this.#constant(expression.rexpr, this.#placeOf(expression));
    return rexpr === expression.rexpr ? node : { A_Expr: { ...expression, rexpr } };
  }

  /**
   * An array whose elements are tested one by one. For a membership test it can be bound as a $LIST instead, unless it contains NULL,
   * when its value is needed.
   */
  #testedArray({ kind, name }: A_Expr, array: Node): Node {
    const operator = lastNameOf(name) ?? '';
    const isTakenWhole = operator === (kind === 'AEXPR_OP_ANY' ? '=' : '<>');
    return isTakenWhole && this.#values?.has(numberOf(array)) !== true ? array : this.#array(array);
  }

  #array(array: Node): Node {
    const cast = bodyOf(array, 'TypeCast');
    const number = numberOf(array);
    if (number === 0) return array;
    this.arrays.set(number, elementType(cast) ?? 'text');
    const arg = this.#constant(cast?.arg ?? array, arrayPlace);
    return cast === undefined ? arg : { TypeCast: { ...cast, arg } };
  }

  #placeOf({ name, rexpr }: A_Expr): Place | undefined {
    const operator = lastNameOf(name) ?? '';
    if (regexes.has(operator)) return text('a');
    if (!jsonPaths.has(operator)) return undefined;
    const type = typeUse(bodyOf(rexpr, 'TypeCast')?.typeName)?.type ?? this.#types[numberOf(rexpr) - 1];
    if (integerTypes.has(type)) return integer(0);
    return text(operator.startsWith('#') ? '{k}' : 'k');
  }

  /** A constant without a redundant cast, or the constant of a parameter; any other node unchanged. */
  #constant(node: Node, place: Place | undefined): Node {
    if (place === undefined) return node;
    const cast = bodyOf(node, 'TypeCast');
    const use = typeUse(cast?.typeName);
    if (cast !== undefined && (use === undefined || use.modifiers.length > 0 || !fits(place, use.type))) return node;
    const bare = cast?.arg ?? node;
    if (bodyOf(bare, 'A_Const')?.[place.type === 'text' ? 'sval' : 'ival'] !== undefined) return bare;
    const number = numberOf(bare);
    const declared = this.#types[number - 1];
    if (number === 0 || (declared !== undefined && !fits(place, declared))) return node;
    this.wanted.set(number, place.type);
    return constantOf(this.#values === undefined ? place.sample : (this.#values.get(number) ?? null), place, bare);
  }
}

const numberOf = (node: Node | undefined): number =>
  bodyOf(bodyOf(node, 'TypeCast')?.arg ?? node, 'ParamRef')?.number ?? 0;

function fits({ type }: Place, declared: PgType): boolean {
  if (type === 'text') return textTypes.has(declared);
  return (type === 'int4' ? integerTypes : numberTypes).has(declared);
}

/** @throws Refusal 22P02 */
function constantOf(value: string | null, place: Place, parameter: Node): Node {
  const { type } = place;
  const { number = 0, location = -1 } = bodyOf(parameter, 'ParamRef') ?? {};
  const most = place === arrayPlace ? arrayCharactersMax : charactersMax;
  if (value !== null && value.length > most) return refuse(`a $${number} of more than ${most} characters`, location);
  const isWhole = type === 'int4' && value !== null;
  if (isWhole && !/^\s*[-+]?\d{1,9}\s*$/.test(value))
    throw new Refusal(`invalid input syntax for type integer, or one beyond nine digits: $${number}`, {
      sqlstate: '22P02',
      location,
    });
  const constant =
    value === null
      ? { isnull: true }
      : isWhole
        ? { ival: Number(value) === 0 ? {} : { ival: Number(value) } }
        : { sval: { sval: value } };
  // Keeps the parameter's number: two parameters differ even with equal values, for GROUP BY.
  const node = { ...constant, parameter: number, location };
  return { A_Const: node };
}
