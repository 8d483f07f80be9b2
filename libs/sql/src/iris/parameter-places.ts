import type { FuncCall, Node } from 'libpg-query';
import { bodyOf, lastNameOf } from '../ast.ts';

/** A parameter whose type cannot be inferred, and which PostgreSQL refuses unless the client declares it. */
export interface UntypedParameter {
  readonly number: number;
  readonly sqlstate: '42P18' | '42P08';
  /** In bytes; undefined: the parameter is not used. */
  readonly location: number | undefined;
}

/**
 * The highest parameter number of a statement, and the parameters without a type in PostgreSQL's order of analysis: those whose context
 * never tells (42P18), and those whose type is told only later (42P08).
 */
export function parametersOf(statement: Node): {
  readonly highest: number;
  readonly untyped: readonly UntypedParameter[];
  /** The one that PostgreSQL comes to first. */
  readonly first: FirstParameter | undefined;
} {
  const places = new ParameterPlaces();
  places.look(statement, true);
  return { highest: places.highest, untyped: places.untold(), first: places.first };
}

export interface FirstParameter {
  readonly number: number;
  /** In bytes. */
  readonly location: number | undefined;
}

interface Place {
  readonly location: number | undefined;
  readonly isTold: boolean;
}

/** Fields in PostgreSQL's order of analysis; all others follow. */
const inOrder = ['ctes', 'withClause', 'fromClause', 'usingClause', 'targetList', 'whereClause', 'havingClause'];

/** Functions with arguments of any type, from this index on. */
const ofAnyType: ReadonlyMap<string, number> = new Map(
  Object.entries({
    concat: 0,
    concat_ws: 1,
    format: 1,
    count: 0,
    pg_typeof: 0,
    num_nulls: 0,
    num_nonnulls: 0,
    json_build_object: 0,
    jsonb_build_object: 0,
    json_build_array: 0,
    jsonb_build_array: 0,
    to_json: 0,
    to_jsonb: 0,
  }),
);

class ParameterPlaces {
  readonly #places = new Map<number, Place[]>();

  get highest(): number {
    return Math.max(0, ...this.#places.keys());
  }

  get first(): FirstParameter | undefined {
    const [[number, places] = []] = this.#places;
    return number === undefined ? undefined : { number, location: places?.[0]?.location };
  }

  look(part: unknown, hasType: boolean): void {
    if (Array.isArray(part)) return part.forEach((each) => this.look(each, hasType));
    if (typeof part !== 'object' || part === null) return;
    const node = part as Node;
    const parameter = bodyOf(node, 'ParamRef');
    if (parameter !== undefined)
      return this.#note(parameter.number ?? 0, { location: parameter.location, isTold: hasType });
    const call = bodyOf(node, 'FuncCall');
    if (call !== undefined) return this.#lookAtCall(call);
    const test = bodyOf(node, 'NullTest');
    if (test !== undefined) return this.look(test.arg, false);
    const fields = new Map(Object.entries(part));
    for (const name of inOrder) this.look(fields.get(name), true);
    for (const [name, each] of fields) if (!inOrder.includes(name)) this.look(each, true);
  }

  #lookAtCall({ args = [], funcname, ...others }: FuncCall): void {
    const anyFrom = ofAnyType.get(lastNameOf(funcname) ?? '') ?? args.length;
    for (const [at, arg] of args.entries()) this.look(arg, at < anyFrom);
    this.look(Object.values(others), true);
  }

  #note(number: number, place: Place): void {
    this.#places.set(number, [...(this.#places.get(number) ?? []), place]);
  }

  untold(): readonly UntypedParameter[] {
    return Array.from({ length: this.highest }, (_, at) => at + 1).flatMap((number): UntypedParameter[] => {
      const [first, ...others] = this.#places.get(number) ?? [];
      if (first?.isTold === true) return [];
      if (!others.some(({ isTold }) => isTold)) return [{ number, sqlstate: '42P18', location: undefined }];
      return [{ number, sqlstate: '42P08', location: first?.location }];
    });
  }
}
