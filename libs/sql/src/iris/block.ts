import type { Node, ResTarget, SelectStmt } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { agePair } from './age.ts';
import { printAssigned } from './assigned.ts';
import { exact } from './comparison.ts';
import { checkReference, momentOfDay } from './expression.ts';
import { printFrom } from './from.ts';
import { checkGrouped, groupedBy, withoutWindows } from './grouping.ts';
import {
  isConstant,
  isNullable,
  isOpenParameter,
  isUntypedConstant,
  inferredType,
  inferType,
  typeOf,
} from './inference.ts';
import { madePath } from './json-path.ts';
import { labelOf } from './labels.ts';
import { limitsOf, type Limits } from './limits.ts';
import { castTo, number } from './node-builders.ts';
import { identifier } from './names.ts';
import { scaleOf } from './numeric-scale.ts';
import { printSortKey } from './order.ts';
import { paged, printed, structured, type SortKey } from './pages.ts';
import { calledFunctions, type CalledFunction, type ProxyComputation } from './proxy-computation.ts';
import { textTypes, typeUse, type PgType } from './pg-type.ts';
import type { PrintedQuery, Printing, QueryOptions } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { RowKey, Scope, VisibleColumn } from './scope.ts';
import { sortOutside } from './set-operations.ts';
import { shownTarget } from './shown-target.ts';
import { isDifference } from './span.ts';
import { summedSpans } from './summed-spans.ts';
import { distinctNames, hasAggregate, isSame, labelled, named, names, sortedNode, type Target } from './targets.ts';
import { typedValue } from './typed-constants.ts';
import { rowKeys } from './row-keys.ts';

/** Prints one SELECT ... FROM ... WHERE block. */
export class Block {
  readonly #p: Printing;
  readonly #select: SelectStmt;
  readonly #scope: Scope;
  readonly #options: QueryOptions;
  readonly #limits: Limits;

  constructor(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions) {
    this.#p = p;
    this.#select = select;
    this.#scope = scope;
    this.#options = options;
    this.#limits = limitsOf(p, select);
  }

  print(): PrintedQuery {
    const select = this.#select;
    const from = select.fromClause === undefined ? '' : ` FROM ${printFrom(this.#p, select.fromClause, this.#scope)}`;
    const named = this.#targets();
    const groups = (select.groupClause ?? []).flatMap((node) => groupedBy(node, named, this.#scope));
    if (select.groupClause !== undefined) this.#scope.groups = groups;
    for (const node of select.windowClause ?? []) {
      const window = bodyOf(node, 'WindowDef');
      if (window?.name === undefined) continue;
      if (this.#scope.windows.has(window.name))
        throw new Refusal(`window "${window.name}" is already defined`, {
          sqlstate: '42P20',
          location: window.location,
        });
      this.#scope.windows.set(window.name, window);
    }
    const targets = this.#printTargets(named, groups);
    const ofTargets = this.#scope.aggregates;
    this.#scope.groups = undefined; // rows are not grouped yet
    const where = this.#where();
    if (select.groupClause !== undefined) this.#scope.groups = groups;
    const having = withoutWindows(this.#scope, 'HAVING', select.havingClause, () =>
      this.#filter('HAVING', select.havingClause),
    );
    const rows = from + where + this.#groupBy(groups) + having;
    const isGrouped = (): boolean =>
      select.groupClause !== undefined || select.havingClause !== undefined || this.#scope.aggregates > 0;
    const { readInside } = this.#scope;
    const read = readInside.size;
    if (isGrouped()) checkGrouped(select, named, groups, this.#scope);
    // For HAVING without GROUP BY, IRIS would test each row instead of the one group.
    const isOneGroup = select.havingClause !== undefined && select.groupClause === undefined && ofTargets === 0;
    if (isOneGroup && targets?.every(({ node }) => isConstant(node)) !== true)
      return refuse(
        'HAVING without GROUP BY and without an aggregate in the select list',
        placeOf(select.havingClause),
      );
    const rest = isOneGroup ? ` FROM (SELECT COUNT(*) AS iris_n${rows}) AS iris_h` : rows;
    const sql = this.#isDistinctOn ? this.#distinctOn(targets, rest) : this.#ordered(targets, rest);
    if (readInside.size > read && isGrouped()) checkGrouped(select, named, groups, this.#scope); // by ORDER BY
    if (targets === undefined) return { sql, columns: undefined };
    return { sql, columns: targets.map(({ column }) => column), keys: this.#keys(targets) };
  }

  get #isDistinctOn(): boolean {
    return this.#select.distinctClause?.some((node) => Object.keys(node).length > 0) === true;
  }

  /** The columns that identify its rows. */
  #keys(targets: readonly Target[]): readonly RowKey[] {
    if (this.#isDistinctOn) return [];
    if (this.#select.distinctClause !== undefined) return [targets.map(({ column }) => column.name)];
    const nameOf = (is: (node: Node | undefined) => boolean): string | undefined =>
      targets.find(({ node }) => is(node))?.column.name;
    const named = rowKeys(this.#scope).map((key) => key.map((part) => nameOf((node) => part.is(node))));
    return named
      .map((key) => key.filter((name) => name !== undefined))
      .filter((key, place) => key.length === named[place]?.length);
  }

  /** The result columns; undefined entries stand for `*` over unknown columns. */
  #targets(): readonly ResTarget[] {
    const targets = (this.#select.targetList ?? []).map((node) => bodyOf(node, 'ResTarget') ?? {});
    return targets.flatMap((target) => this.#expanded(target));
  }

  /** Expands `*` to its columns if they are known and need rewriting. */
  #expanded(target: ResTarget): readonly ResTarget[] {
    const fields = bodyOf(target.val, 'ColumnRef')?.fields ?? [];
    if (bodyOf(fields.at(-1), 'A_Star') === undefined) return [target];
    const alias = fields.length > 1 ? bodyOf(fields.at(-2), 'String')?.sval : undefined;
    if (alias !== undefined) checkReference(bodyOf(target.val, 'ColumnRef') ?? {}, this.#scope);
    const tables = this.#scope.tables.filter((table) => alias === undefined || table.alias === alias);
    if (tables.length === 0) return refuse('* of an outer query', target.location, 'Name the columns.');
    if (tables.some(({ columns }) => columns === undefined)) return [target];
    const isQualified = this.#scope.tables.length > 1 || alias !== undefined;
    const merged = alias === undefined ? [...this.#scope.merged] : [];
    const isMerged = (table: string, name: string): boolean =>
      alias === undefined && this.#scope.merged.get(name)?.aliases.includes(table) === true;
    const others = tables.flatMap(({ alias: table, columns = [] }) =>
      columns.filter(({ name }) => !isMerged(table, name)).map(({ name }) => (isQualified ? [table, name] : [name])),
    );
    return [...merged.map(([name]) => [name]), ...others].map((words) => ({
      val: { ColumnRef: { fields: words.map((sval) => ({ String: { sval } })), location: target.location ?? -1 } },
    }));
  }

  /** Undefined if the number of columns is unknown because of `*`. */
  #printTargets(targets: readonly ResTarget[], groups: readonly Node[]): readonly Target[] | undefined {
    const isStar = targets.some(({ val }) => bodyOf(bodyOf(val, 'ColumnRef')?.fields?.at(-1), 'A_Star') !== undefined);
    const isCompared = this.#options.isExact === true || this.#select.distinctClause !== undefined;
    if (isStar && (isCompared || this.#needsNames)) {
      return refuse('* over a table of unknown columns, here', targets[0]?.location, 'Name the columns.');
    }
    if (isStar) return undefined;
    const printed = targets.map((target, place) => this.#printTarget(target, place, isCompared, groups));
    if (this.#options.isTop !== true) return printed;
    const names = distinctNames(printed.map(({ column }) => column.name));
    return printed.map((target, at) => {
      const { name } = target.column;
      return { ...target, column: labelled({ ...target.column, name: names[at] ?? name }, name) };
    });
  }

  get #needsNames(): boolean {
    return this.#limits.isWithTies || (this.#limits.offset !== undefined && !this.#isNativeLimit);
  }

  get #isNativeLimit(): boolean {
    return this.#options.isTop === true && this.#p.dialect.has('limitClause');
  }

  #printTarget(target: ResTarget, place: number, isCompared: boolean, groups: readonly Node[]): Target {
    const node = target.val;
    const label = this.#options.names?.[place] ?? labelOf(node, target.name);
    const isGrouped = groups.some((group) => isSame(group, node, this.#scope));
    const into = this.#options.assigned?.[place];
    const wanted = into?.type ?? this.#options.types?.[place] ?? inferredType(this.#p, node);
    const isKept = isCompared || isGrouped;
    const isShown = !isKept && (this.#options.isTop === true || this.#options.isForClient === true);
    const shown = isShown ? shownTarget(this.#p, node, this.#scope) : undefined;
    if (shown !== undefined) return { ...shown, node, column: { ...shown.column, name: label, isNullable: true } };
    const pair = isShown ? agePair(this.#p, node, this.#scope) : undefined;
    // In a subquery it is a value, which may be used in comparisons and computations.
    const spans = isShown && this.#options.isTop === true ? summedSpans(this.#p, node, this.#scope) : undefined;
    const called =
      spans ?? (isShown ? (madeCall(this.#p, node, this.#scope) ?? madePath(this.#p, node, this.#scope)) : undefined);
    const plain = (): string => {
      if (called !== undefined) return this.#p.value(called.arg, this.#scope);
      if (pair !== undefined) return this.#p.value(pair, this.#scope);
      if (isKept) return exact(this.#p, node, this.#scope);
      return into === undefined || node === undefined
        ? this.#p.value(node, this.#scope)
        : printAssigned(this.#p, node, into, this.#scope);
    };
    const moment = into === undefined ? momentOfDay(this.#p, node, wanted, this.#scope) : undefined;
    const sql = typedValue(this.#p, node, wanted) ?? moment ?? plain();
    inferType(this.#p, node, wanted);
    const isOfNone = isUntypedConstant(node) || isOpenParameter(this.#p, node);
    const isText = this.#options.isTop === true && wanted === undefined && isOfNone; // no other context gives it a type
    const isOpen = wanted === undefined && isOfNone;
    const parameter = bodyOf(node, 'ParamRef');
    if (isText && parameter !== undefined) this.#p.textParameters.push(parameter); // at the end, as PostgreSQL does
    const isCast = moment !== undefined || isOfNone || (!isKept && into !== undefined);
    const own = called?.made ?? this.#options.computations?.[place];
    const computation = pair === undefined ? own : ({ kind: 'age' } as const);
    const type = typeOfMade(computation) ?? (isText ? 'text' : isCast ? wanted : typeOf(this.#p, node, this.#scope));
    const reference = bodyOf(node, 'ColumnRef');
    const seen = reference === undefined ? undefined : this.#scope.column(reference);
    const column: VisibleColumn = {
      name: label,
      type,
      isNullable: isNullable(this.#p, node, this.#scope),
      isExact: seen?.isExact === true || (type !== undefined && !textTypes.has(type)),
      isOpen,
      scale: type === 'numeric' ? scaleOf(this.#p, node, this.#scope) : undefined,
      isDifference:
        computation?.kind === 'age' ||
        computation?.kind === 'summedSpans' ||
        (type === 'interval' && isDifference(this.#p, node, this.#scope)),
      ...(seen?.facts === undefined ? {} : { facts: seen.facts }),
      ...(computation === undefined ? {} : { computation }),
      modifiers: seen?.modifiers ?? modifiersOf(this.#p, node, this.#scope),
    };
    return { node, sql, column };
  }

  #list(targets: readonly Target[] | undefined): string {
    if (targets === undefined) return this.#starList();
    if (targets.length === 0) return '1';
    const isNamed = this.#options.isTop !== true;
    const said = new Set(this.#select.targetList?.map((each) => bodyOf(each, 'ResTarget')?.name));
    return targets
      .map(({ sql, column, node }) => {
        if (!isNamed && !said.has(column.name)) return sql;
        const own = bodyOf(node, 'ColumnRef') === undefined ? undefined : sql.slice(sql.lastIndexOf('.') + 1); // the name that IRIS gives
        const alias = identifier(column.name);
        return own === alias ? sql : `${sql} AS ${alias}`;
      })
      .join(', ');
  }

  #starList(): string {
    return (this.#select.targetList ?? [])
      .map((each) => {
        const { val, name } = bodyOf(each, 'ResTarget') ?? {};
        const isStar = bodyOf(bodyOf(val, 'ColumnRef')?.fields?.at(-1), 'A_Star') !== undefined;
        const sql = this.#p.value(val, this.#scope);
        return isStar || (name === undefined && this.#options.isTop === true)
          ? sql
          : `${sql} AS ${identifier(labelOf(val, name))}`;
      })
      .join(', ');
  }

  #where(): string {
    const { aggregates } = this.#scope;
    const where = withoutWindows(this.#scope, 'WHERE', this.#select.whereClause, () =>
      this.#filter('WHERE', this.#select.whereClause),
    );
    if (this.#scope.aggregates > aggregates)
      throw new Refusal('aggregate functions are not allowed in WHERE', {
        sqlstate: '42803',
        location: placeOf(this.#select.whereClause),
      });
    const { extraCondition } = this.#options;
    if (extraCondition === undefined) return where;
    return where === ''
      ? ` WHERE ${extraCondition}`
      : ` WHERE ${extraCondition} AND (${where.slice(' WHERE '.length)})`;
  }

  #filter(word: string, condition: Node | undefined): string {
    return condition === undefined ? '' : ` ${word} ${this.#p.predicate(condition, this.#scope)}`;
  }

  #groupBy(groups: readonly Node[]): string {
    if (groups.length === 0) return '';
    const print = (group: Node): string =>
      withoutWindows(this.#scope, 'GROUP BY', group, () => exact(this.#p, group, this.#scope));
    // Grouping by a constant gives one group if there are rows, and none otherwise.
    const [first = number(1), ...more] = groups.filter((group) => !isConstant(group));
    const printed = isConstant(first) ? [print(castTo('int4', number(1)))] : [first, ...more].map(print);
    return ` GROUP BY ${printed.join(', ')}`;
  }

  /** The keys of ORDER BY as expressions, as IRIS does not accept output names everywhere. */
  #sortKeys(targets: readonly Target[] | undefined): readonly SortKey[] {
    return (this.#select.sortClause ?? []).flatMap((clause) => {
      const sort = bodyOf(clause, 'SortBy') ?? {};
      const node = sortedNode(sort.node, targets, this.#scope);
      if (isConstant(node)) return []; // IRIS would take it for a column number
      return printSortKey(this.#p, sort, node, this.#scope)
        .map(structured)
        .filter(({ key }) => !/^-?[\d.]+$/.test(key)); // the same for what is printed as a number
    });
  }

  #ordered(targets: readonly Target[] | undefined, rest: string): string {
    const isDistinct = this.#select.distinctClause !== undefined;
    const hasOrder = this.#select.sortClause !== undefined;
    if (isDistinct && hasOrder) {
      const inner = `SELECT DISTINCT ${named(targets ?? [])}${rest}`;
      return sortOutside(this.#p, inner, targets ?? [], this.#select, this.#options, this.#limits);
    }
    const keys = this.#sortKeys(targets);
    const head = `SELECT ${isDistinct ? 'DISTINCT ' : ''}`;
    const isNearest = keys[0]?.key.startsWith('VECTOR_') === true;
    return paged(this.#p, this.#limits, {
      head,
      list: this.#list(targets),
      names: targets?.map(({ column }) => column.name),
      namedList: () => named(targets ?? []),
      rest,
      keys,
      isNested: isDistinct || this.#select.groupClause !== undefined || hasAggregate(targets),
      isNative: this.#isNativeLimit && !(isNearest && this.#limits.offset === undefined),
      isTop: this.#options.isTop === true,
    });
  }

  /** Checks that the expressions of DISTINCT ON are the first keys of ORDER BY. @throws Refusal 42P10 */
  #checkFirstKeys(groups: readonly (Node | undefined)[], targets: readonly Target[]): void {
    const sorted = (this.#select.sortClause ?? []).map((clause) =>
      sortedNode(bodyOf(clause, 'SortBy')?.node, targets, this.#scope),
    );
    const groupOf = (key: Node | undefined): number => groups.findIndex((group) => isSame(group, key, this.#scope));
    const first = sorted.findIndex((key) => groupOf(key) < 0);
    if (first < 0) return;
    const before = new Set(sorted.slice(0, first).map(groupOf));
    const place = groups.findIndex((_, each) => !before.has(each));
    if (place >= 0)
      throw new Refusal('SELECT DISTINCT ON expressions must match initial ORDER BY expressions', {
        sqlstate: '42P10',
        location: placeOf(this.#select.distinctClause?.[place]),
      });
  }

  /** Prints DISTINCT ON by row numbers: the first row of each group. */
  #distinctOn(targets: readonly Target[] | undefined, rest: string): string {
    if (targets === undefined)
      return refuse('DISTINCT ON with *', placeOf(this.#select.targetList), 'Name the columns.');
    const keys = this.#sortKeys(targets);
    const groups = (this.#select.distinctClause ?? []).map((node) =>
      sortedNode(node, targets, this.#scope, 'DISTINCT ON'),
    );
    this.#checkFirstKeys(groups, targets);
    const partition = groups.map((node) => exact(this.#p, node, this.#scope));
    const order = keys.map(printed).join(', ');
    const number = `ROW_NUMBER() OVER (PARTITION BY ${partition.join(', ')}${order === '' ? '' : ` ORDER BY ${order}`}) AS iris_rn`;
    const hidden = keys.map(({ key }, place) => `${key} AS iris_o${place + 1}`);
    const inner = `SELECT ${[named(targets), ...hidden, number].join(', ')}${rest}`;
    const list = names(targets);
    return paged(this.#p, this.#limits, {
      head: 'SELECT ',
      list,
      names: targets.map(({ column }) => column.name),
      namedList: () => list,
      rest: ` FROM (${inner}) AS iris_q WHERE iris_rn = 1`,
      keys: keys.map((key, place) => ({ ...key, key: `iris_o${place + 1}` })),
      isNested: false,
      isNative: this.#isNativeLimit,
      isTop: this.#options.isTop === true,
    });
  }
}

/** Type modifiers of an expression: of a cast, a column or a subquery, or those that all alternatives share. */
function modifiersOf(p: Printing, node: Node | undefined, scope: Scope): readonly number[] {
  const reference = bodyOf(node, 'ColumnRef');
  const seen = reference === undefined ? undefined : scope.column(reference);
  if (seen !== undefined) return seen.facts?.modifiers ?? seen.modifiers ?? [];
  const parts = choicesOf(node);
  if (parts !== undefined) {
    const [first = '[]', ...others] = parts.map((part) =>
      JSON.stringify([modifiersOf(p, part, scope), typeOf(p, part, scope)]),
    );
    return others.every((other) => other === first) ? modifiersOf(p, parts[0], scope) : [];
  }
  const { kind, lexpr } = bodyOf(node, 'A_Expr') ?? {};
  if (kind === 'AEXPR_NULLIF') return modifiersOf(p, lexpr, scope);
  const { subLinkType, subselect } = bodyOf(node, 'SubLink') ?? {};
  const select = bodyOf(subselect, 'SelectStmt');
  if (subLinkType !== 'EXPR_SUBLINK' || select === undefined)
    return typeUse(bodyOf(node, 'TypeCast')?.typeName)?.modifiers ?? [];
  const [column] = p.queryValue(select, scope).columns ?? [];
  return column?.facts?.modifiers ?? column?.modifiers ?? [];
}

/** The alternatives of CASE, COALESCE and the like; undefined for other expressions, and if NULL is one of them. */
function choicesOf(node: Node | undefined): readonly (Node | undefined)[] | undefined {
  const branches = bodyOf(node, 'CaseExpr');
  const values = bodyOf(node, 'CoalesceExpr')?.args ?? bodyOf(node, 'MinMaxExpr')?.args;
  if (branches?.defresult === undefined) return values;
  return [branches.defresult, ...(branches.args ?? []).map((each) => bodyOf(each, 'CaseWhen')?.result)];
}

/** The type of a value computed by the proxy; of an array, of its elements. */
function typeOfMade(made: ProxyComputation | undefined): PgType | undefined {
  if (made?.kind === 'called') return calledFunctions[made.name];
  if (made?.kind === 'jsonPath') return made.of;
  if (made?.kind === 'values') return made.as === 'text' ? 'text' : made.of;
  return made?.kind === 'joined' ? made.json : undefined;
}

/** A call of a text function that IRIS lacks, and which the proxy computes. */
function madeCall(
  p: Printing,
  node: Node | undefined,
  scope: Scope,
): { arg: Node; made: ProxyComputation } | undefined {
  const { funcname, args = [], over } = bodyOf(node, 'FuncCall') ?? {};
  const [said, ...more] = namesOf(funcname);
  const name = (Object.keys(calledFunctions) as CalledFunction[]).find((each) => each === said);
  const [arg] = args;
  const type = typeOf(p, arg, scope);
  const isText = name !== undefined && args.length === 1 && (textTypes.has(type) || isUntypedConstant(arg));
  if (type === 'bpchar') return undefined; // the blanks at its end count for some and not for others
  if (arg === undefined || !isText || more.length > 0 || over !== undefined) return undefined;
  return { arg, made: { kind: 'called', name } };
}
