import type {
  A_Const,
  A_Expr,
  A_Indirection,
  BoolExpr,
  CaseExpr,
  ColumnRef,
  FuncCall,
  Node,
  SortBy,
  SubLink,
  TypeCast,
  WindowDef,
} from 'libpg-query';
import { bodyOf, kindOf, namesOf } from '../ast.ts';
import { aggregateNames, aggregateOf, type Aggregate } from './aggregates.ts';
import { cellTypes, type Cell, type CellType } from './cell.ts';
import { areDecimal, decimal, fail, notSupported, type Compiled, type Typed } from './compiled.ts';
import { constantOf } from './constants.ts';
import { as, cast, commonType, typed, typeNamed, sized } from './conversion.ts';
import { constant, Functions } from './functions.ts';
import type { Grouping } from './grouping.ts';
import { conjunction, not } from './logic.ts';
import { arrayText, elementsOf } from './matching.ts';
import { Operations } from './operations.ts';
import { Operators, strict } from './operators.ts';
import type { Parameters } from './parameters.ts';
import type { Scope } from './scope.ts';
import type { SessionFacts } from './source.ts';
import { valueOfSubquery, type Subquery } from './subqueries.ts';
import { windowAggregate, windowFunction, type Windows } from './windows.ts';

export interface ExpressionsOptions {
  readonly scope: Scope;
  readonly parameters: Parameters;
  readonly session: SessionFacts;
  readonly subquery: (node: Node, scope: Scope) => Subquery;
  /** Set for expressions over grouped rows. */
  readonly grouping?: Grouping;
  /** Set where window functions are allowed. */
  readonly windows?: Windows;
}

/** Compiles expressions of the parse tree; unsupported ones are refused. */
export class Expressions {
  readonly #scope: Scope;
  readonly #parameters: Parameters;
  readonly #operators: Operators;
  readonly #operations: Operations;
  readonly #functions: Functions;
  readonly #subquery: ExpressionsOptions['subquery'];
  readonly #grouping: Grouping | undefined;
  readonly #options: ExpressionsOptions;
  #isInAggregate = false;

  constructor(options: ExpressionsOptions) {
    const { scope, parameters, session, subquery, grouping } = options;
    this.#options = options;
    this.#scope = scope;
    this.#parameters = parameters;
    this.#operators = new Operators(parameters);
    this.#operations = new Operations(this, this.#operators, parameters);
    this.#functions = new Functions(parameters, session);
    this.#subquery = subquery;
    this.#grouping = grouping;
  }

  /** The same compiler over grouped rows. */
  grouped(grouping: Grouping): Expressions {
    return new Expressions({ ...this.#options, grouping });
  }

  /** The same compiler with window functions allowed. */
  windowed(windows: Windows): Expressions {
    return new Expressions({ ...this.#options, windows });
  }

  typed(node: Node): Typed {
    return typed(this.compile(node), this.#parameters);
  }

  as(node: Node, type: CellType): Typed {
    const compiled = this.compile(node);
    if (type === 'bool' && compiled.type !== 'bool' && compiled.type !== 'unknown')
      fail('42804', `a condition must be boolean, not ${cellTypes[compiled.type].name}`);
    return as(compiled, type, this.#parameters);
  }

  compile(node: Node): Compiled {
    const key = this.#isInAggregate ? undefined : this.#grouping?.keyOf(node);
    const grouped = key === undefined ? undefined : this.#grouping?.keys[key];
    if (key !== undefined && grouped !== undefined)
      return { type: grouped.type, ...decimal(grouped.isDecimal), evaluate: (row) => row[key] ?? null };
    return this.#compile(node);
  }

  #compile(node: Node): Compiled {
    const kind = kindOf(node);
    const body = (node as unknown as Record<string, unknown>)[kind];
    switch (kind) {
      case 'ColumnRef':
        return this.#column(body as ColumnRef);
      case 'A_Const':
        return constantOf(body as A_Const);
      case 'ParamRef':
        return this.#parameters.at((body as { number?: number }).number ?? 0);
      case 'A_Expr':
        return this.#operations.compile(body as A_Expr);
      case 'BoolExpr':
        return this.#logic(body as BoolExpr);
      case 'FuncCall':
        return this.#call(body as FuncCall);
      case 'TypeCast':
        return this.#cast(body as TypeCast);
      case 'CaseExpr':
        return this.#case(body as CaseExpr);
      case 'SubLink':
        return this.#subLink(body as SubLink);
      case 'A_Indirection':
        return this.#element(body as A_Indirection);
      default:
        return this.#small(kind, body as SmallNode);
    }
  }

  /** One element of an array, `a[i]`. */
  #element({ arg, indirection = [] }: A_Indirection): Compiled {
    if (indirection.length === 1 && bodyOf(indirection[0], 'String') !== undefined)
      return fieldOf(this.compile(arg as Node));
    const index = indirection.length === 1 ? bodyOf(indirection[0], 'A_Indices') : undefined;
    if (index?.uidx === undefined || index.is_slice === true) return notSupported('this kind of subscript');
    const [array, at] = [this.as(arg as Node, 'text'), this.as(index.uidx, 'int4')];
    const element = strict('text', [array, at], ([text, place]) => elementsOf(String(text))[Number(place) - 1] ?? null);
    return { ...element, isElement: true };
  }

  #small(kind: string, body: SmallNode): Compiled {
    switch (kind) {
      case 'NullTest':
        return this.#nullTest(body);
      case 'BooleanTest':
        return this.#booleanTest(body);
      case 'CoalesceExpr':
        return this.#coalesce(body.args ?? []);
      case 'MinMaxExpr':
        return this.#extreme(body.args ?? [], body.op === 'IS_GREATEST' ? 1 : -1);
      case 'SQLValueFunction':
        return this.#functions.call((body.op ?? '').replace('SVFOP_', '').toLowerCase(), [], body.location);
      case 'A_ArrayExpr':
        return this.#arrayOf(body.elements ?? []);
      case 'CollateClause':
        return this.compile(body.arg as Node);
      default:
        return notSupported('this kind of expression', body.location);
    }
  }

  #column(body: ColumnRef): Compiled {
    const { depth, index, column } = this.#scope.resolve(body);
    const { type, isDecimal } = column;
    if (depth > 0)
      return { type, ...decimal(isDecimal), evaluate: (_row, run) => run.outerRows?.[depth - 1]?.[index] ?? null };
    if (this.#grouping !== undefined && !this.#isInAggregate)
      fail(
        '42803',
        `column "${column.name}" must appear in the GROUP BY clause or be used in an aggregate function`,
        body.location,
      );
    return { type, ...decimal(isDecimal), evaluate: (row) => row[index] ?? null };
  }

  #logic({ boolop, args = [] }: BoolExpr): Compiled {
    const parts = args.map((arg) => this.as(arg, 'bool'));
    if (boolop === 'NOT_EXPR') return not(parts[0] as Typed);
    return conjunction(parts, boolop === 'OR_EXPR');
  }

  #cast({ arg, typeName, location }: TypeCast): Compiled {
    const name = namesOf(typeName?.names).at(-1) ?? '';
    if ((typeName?.arrayBounds ?? []).length > 0) return notSupported('an array', location);
    const compiled = this.compile(arg as Node);
    if (name === 'regclass' && compiled.unknown !== undefined && 'literal' in compiled.unknown)
      return constant('int8', this.#relation(compiled.unknown.literal, location));
    if (name === 'regclass' && (compiled.type === 'text' || compiled.type === 'unknown'))
      return strict('int8', [as(compiled, 'text', this.#parameters)], ([relation]) => this.#relation(String(relation)));
    const value = cast(compiled, typeNamed(name), this.#parameters);
    return sized(value, name, typeName?.typmods, location);
  }

  /** The OID of a relation by its name. */
  #relation(name: string | null, location?: number): number | null {
    const oid = name === null ? null : /^\d+$/.test(name) ? Number(name) : this.#options.session.oidOf(name);
    return oid === undefined ? fail('42P01', `relation "${name}" does not exist`, location) : oid;
  }

  #case({ arg, args = [], defresult }: CaseExpr): Compiled {
    const whens = args.flatMap((node) => bodyOf(node, 'CaseWhen') ?? []);
    const compared = arg === undefined ? undefined : this.compile(arg);
    const conditions = whens.map(({ expr }) =>
      compared === undefined
        ? this.as(expr as Node, 'bool')
        : this.#operators.comparison('=', compared, this.compile(expr as Node)),
    );
    const results = this.#unified([...whens.flatMap(({ result }) => result ?? []), ...(defresult ? [defresult] : [])]);
    return {
      type: results[0]?.type ?? 'text',
      ...decimal(results[0]?.isDecimal),
      evaluate: (row, run) => {
        const index = conditions.findIndex((condition) => condition.evaluate(row, run) === true);
        return results[index < 0 ? conditions.length : index]?.evaluate(row, run) ?? null;
      },
    };
  }

  /** Compiles expressions and converts them to their common type. */
  #unified(nodes: readonly Node[]): Typed[] {
    const compiled = nodes.map((node) => this.compile(node));
    const types = compiled.flatMap(({ type }) => (type === 'unknown' ? [] : type));
    const type = types.reduce(
      (all, one) => commonType(all, one) ?? fail('42804', 'types cannot be matched'),
      types[0] ?? 'text',
    );
    const isDecimal = areDecimal(compiled.filter((one) => one.type !== 'unknown'));
    return compiled.map((one) => ({ ...as(one, type, this.#parameters), isDecimal }));
  }

  #coalesce(args: readonly Node[]): Compiled {
    const values = this.#unified(args);
    return {
      type: values[0]?.type ?? 'text',
      ...decimal(values[0]?.isDecimal),
      evaluate: (row, run) => {
        for (const value of values) {
          const found = value.evaluate(row, run);
          if (found !== null) return found;
        }
        return null;
      },
    };
  }

  /** ARRAY[...], in text form like all arrays here. */
  #arrayOf(nodes: readonly Node[]): Compiled {
    const values = this.#unified(nodes);
    const type = values[0]?.type ?? 'text';
    return {
      type: 'text',
      evaluate: (row, run) =>
        arrayText(
          values.map((value) => value.evaluate(row, run)),
          type,
        ),
    };
  }

  #extreme(args: readonly Node[], wanted: number): Compiled {
    const values = this.#unified(args);
    return {
      type: values[0]?.type ?? 'text',
      ...decimal(values[0]?.isDecimal),
      evaluate: (row, run) =>
        values.reduce<Cell>((best, one) => {
          const value = one.evaluate(row, run);
          if (value === null || best === null) return value ?? best;
          return value > best === wanted > 0 ? value : best;
        }, null),
    };
  }

  #nullTest({ arg, nulltesttype }: SmallNode): Compiled {
    const value = this.compile(arg as Node);
    const isNullWanted = nulltesttype === 'IS_NULL';
    return { type: 'bool', evaluate: (row, run) => (value.evaluate(row, run) === null) === isNullWanted };
  }

  #booleanTest({ arg, booltesttype = '' }: SmallNode): Compiled {
    const value = this.as(arg as Node, 'bool');
    const isNot = booltesttype.startsWith('IS_NOT_');
    const wanted = { TRUE: true, FALSE: false, UNKNOWN: null }[booltesttype.replace(/^IS_(?:NOT_)?/, '')];
    return { type: 'bool', evaluate: (row, run) => (value.evaluate(row, run) === wanted) !== isNot };
  }

  #call(call: FuncCall): Compiled {
    const name = namesOf(call.funcname).at(-1) ?? '';
    const { location } = call;
    if (call.over !== undefined) return this.#window(name, call, call.over);
    if (aggregateNames.has(name)) return this.#aggregate(name, call);
    return this.#functions.call(
      name,
      (call.args ?? []).map((arg) => this.compile(arg)),
      location,
    );
  }

  #aggregate(name: string, call: FuncCall): Compiled {
    const { location } = call;
    const grouping = this.#grouping;
    if (grouping === undefined) fail('42803', `aggregate functions are not allowed here`, location);
    if (this.#isInAggregate) fail('42803', 'aggregate function calls cannot be nested', location);
    this.#isInAggregate = true;
    const aggregate = this.#aggregateOf(name, call);
    this.#isInAggregate = false;
    const at = grouping.addAggregate(aggregate);
    return {
      type: aggregate.type,
      ...decimal(aggregate.isDecimal),
      evaluate: (row) => row[grouping.keys.length + at] ?? null,
    };
  }

  #aggregateOf(name: string, call: FuncCall): Aggregate {
    const { location } = call;
    return aggregateOf(
      {
        name,
        location,
        isStar: call.agg_star === true,
        isDistinct: call.agg_distinct === true,
        isWithinGroup: call.agg_within_group === true,
        args: (call.args ?? []).map((arg) => this.compile(arg)),
        filter: call.agg_filter === undefined ? undefined : this.as(call.agg_filter, 'bool'),
        order: this.#sorts(call.agg_order),
      },
      this.#parameters,
    );
  }

  #sorts(nodes: readonly Node[] = []): { readonly by: SortBy; readonly key: Typed }[] {
    return nodes.flatMap((sort) => {
      const by = bodyOf(sort, 'SortBy');
      return by?.node === undefined ? [] : [{ by, key: this.typed(by.node) }];
    });
  }

  /** A window function, or an aggregate as one. */
  #window(
    name: string,
    call: FuncCall,
    { partitionClause = [], orderClause, frameOptions, name: word, refname }: WindowDef,
  ): Compiled {
    const { location } = call;
    const windows = this.#options.windows;
    if (windows === undefined || this.#isInAggregate)
      return fail('42P20', 'window functions are not allowed here', location);
    if (word !== undefined || refname !== undefined || frameOptions !== defaultFrame)
      return notSupported('a window with a name or with a frame of its own', location);
    const frame = { partition: partitionClause.map((node) => this.typed(node)), order: this.#sorts(orderClause) };
    if (!aggregateNames.has(name))
      return windows.add(
        frame,
        windowFunction(
          name,
          (call.args ?? []).map((arg) => this.typed(arg)),
          location,
        ),
      );
    const aggregate = this.#aggregateOf(name, call);
    if (aggregate.order !== undefined || aggregate.isDistinct)
      return notSupported('an aggregate with an order of its own as a window function', location);
    return { ...windows.add(frame, windowAggregate(aggregate)), ...decimal(aggregate.isDecimal) };
  }

  #subLink(link: SubLink): Compiled {
    const subquery = this.#subquery(link.subselect as Node, this.#scope);
    if (subquery.isCorrelated && this.#grouping !== undefined)
      return notSupported('a subquery that sees the rows of a grouped query', link.location);
    const test = link.testexpr === undefined ? undefined : this.compile(link.testexpr);
    return valueOfSubquery(link, subquery, { test, operators: this.#operators, parameters: this.#parameters });
  }
}

/** A field of a composite value; the tables have none. */
const fieldOf = ({ evaluate }: Compiled): Typed => ({
  type: 'int4',
  evaluate: (row, run) => (evaluate(row, run) === null ? null : notSupported('a field of a row')),
});

/** The option bits of the default frame: RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW. */
const defaultFrame = 1058;

/** Kinds of nodes with few fields. */
interface SmallNode {
  readonly arg?: Node;
  readonly args?: readonly Node[];
  readonly elements?: readonly Node[];
  readonly op?: string;
  readonly nulltesttype?: string;
  readonly booltesttype?: string;
  readonly location?: number;
}
