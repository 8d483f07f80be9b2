import type {
  AlterTableCmd,
  AlterTableStmt,
  ColumnDef,
  Constraint,
  CreateStmt,
  DropStmt,
  IndexElem,
  IndexStmt,
  Node,
  RangeVar,
  RenameStmt,
  TypeName,
  ViewStmt,
} from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { columnFacts } from './assigned.ts';
import type { ColumnFacts, TableFacts } from './catalog.ts';
import { printRelation, relationOf } from './from.ts';
import { words } from './node-builders.ts';
import { identifier } from './names.ts';
import { irisType, typeUse, type PgType, type TypeUse } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { printQuery } from './query.ts';
import { placeOf, refuse } from './refusal.ts';
import { Scope } from './scope.ts';
import { isSame } from './targets.ts';

/** The IRIS type of an enum column. */
const enumType = 'VARCHAR(64)';
const serials: Readonly<Record<string, string>> = {
  smallserial: 'SMALLINT',
  serial2: 'SMALLINT',
  serial: 'INTEGER',
  serial4: 'INTEGER',
  bigserial: 'BIGINT',
  serial8: 'BIGINT',
};

export function printCreateTable(p: Printing, create: CreateStmt): string {
  const relation = create.relation ?? {};
  refuseKind(relation);
  if (create.inhRelations !== undefined || create.partspec !== undefined || create.ofTypename !== undefined) {
    return refuse('inheritance and partitions', relation.location);
  }
  const parts = [...(create.tableElts ?? []), ...(create.constraints ?? [])].map((node) => {
    const column = bodyOf(node, 'ColumnDef');
    if (column !== undefined) return printColumnDefinition(p, column);
    const constraint = bodyOf(node, 'Constraint');
    return constraint === undefined ? refuse('LIKE another table', placeOf(node)) : printTableConstraint(p, constraint);
  });
  const counted = (create.tableElts ?? []).filter((node) => isIdentity(bodyOf(node, 'ColumnDef') ?? {}));
  if (counted.length > 1) return refuse('a table with two counted columns', bodyOf(counted[1], 'ColumnDef')?.location);
  const end = counted.length > 0 ? ' WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1' : '';
  const head = create.if_not_exists === true ? 'CREATE TABLE IF NOT EXISTS' : 'CREATE TABLE';
  return `${head} ${printRelation(p, relation)} (${parts.join(', ')})${end}`;
}

/** @throws Refusal */
export function refuseKind({ relpersistence, location }: RangeVar): void {
  if (relpersistence === 't')
    refuse(
      'a temporary table',
      location,
      'CREATE GLOBAL TEMPORARY TABLE of IRIS is another thing: its definition stays.',
    );
}

function isIdentity({ typeName, constraints = [] }: ColumnDef): boolean {
  if (Object.hasOwn(serials, namesOf(typeName?.names).at(-1) ?? '')) return true;
  return constraints.some((node) => bodyOf(node, 'Constraint')?.contype === 'CONSTR_IDENTITY');
}

/** The type of an identity column; without one, IRIS would make it a BIGINT. */
function identityType(p: Printing, typeName: TypeName | undefined): string {
  const serial = serials[namesOf(typeName?.names).at(-1) ?? ''];
  return `${serial ?? columnType(p, typeName)} IDENTITY`;
}

function printColumnDefinition(p: Printing, column: ColumnDef): string {
  const { colname = '', location } = column;
  if (column.collClause !== undefined) return refuse('COLLATE', location);
  const name = identifier(colname, location);
  const constraints = (column.constraints ?? []).map((node) => bodyOf(node, 'Constraint') ?? {});
  const rest = constraints
    .filter((constraint, place) => !isTimeOfForeign(constraint, constraints.slice(0, place)))
    .map((constraint) => printColumnConstraint(p, constraint));
  const type = isIdentity(column) ? identityType(p, column.typeName) : columnType(p, column.typeName);
  return [name, type, ...rest].filter((word) => word !== '').join(' ');
}

/** Whether it is a timing attribute (DEFERRABLE and the like) of the preceding foreign key. */
function isTimeOfForeign({ contype }: Constraint, before: readonly Constraint[]): boolean {
  const of = before.findLast((each) => each.contype?.startsWith('CONSTR_ATTR_') !== true);
  return contype?.startsWith('CONSTR_ATTR_') === true && of?.contype === 'CONSTR_FOREIGN';
}

export function columnType(p: Printing, typeName: TypeName | undefined): string {
  const name = namesOf(typeName?.names).at(-1) ?? '';
  if (p.catalog.isEnum(name)) return enumType;
  const use = typeUse(typeName);
  if (use === undefined)
    return refuse(`the type ${name}${typeName?.arrayBounds === undefined ? '' : '[]'}`, typeName?.location);
  if (use.type === 'vector' && !p.dialect.has('vectors'))
    return refuse(`a vector before IRIS ${p.dialect.since('vectors')}`, typeName?.location);
  return irisType(use) ?? refuse(`${name} of this size`, typeName?.location);
}

function printColumnConstraint(p: Printing, constraint: Constraint): string {
  const { contype, raw_expr, location } = constraint;
  switch (contype) {
    case 'CONSTR_NULL':
      return '';
    case 'CONSTR_IDENTITY':
      return constraint.options === undefined ? '' : refuse('an identity with a start or a step', location);
    case 'CONSTR_NOTNULL':
      return 'NOT NULL';
    case 'CONSTR_PRIMARY':
      return 'PRIMARY KEY';
    case 'CONSTR_UNIQUE':
      refuseVariant(constraint);
      return 'UNIQUE';
    case 'CONSTR_DEFAULT':
      return `DEFAULT ${p.value(raw_expr, new Scope())}`;
    case 'CONSTR_FOREIGN':
      return printReference(p, constraint);
    default:
      return refuse(
        (contype ?? '').replace('CONSTR_', ''),
        location,
        'The application keeps such a rule, or a trigger in IRIS.',
      );
  }
}

function printTableConstraint(p: Printing, constraint: Constraint): string {
  const { contype, conname, keys, fk_attrs, location } = constraint;
  const head = conname === undefined ? '' : `CONSTRAINT ${identifier(conname, location)} `;
  const list = (nodes: readonly Node[] | undefined): string =>
    namesOf(nodes)
      .map((name) => identifier(name, location))
      .join(', ');
  refuseVariant(constraint);
  switch (contype) {
    case 'CONSTR_PRIMARY':
      return `${head}PRIMARY KEY (${list(keys)})`;
    case 'CONSTR_UNIQUE':
      return `${head}UNIQUE (${list(keys)})`;
    case 'CONSTR_FOREIGN':
      return `${head}FOREIGN KEY (${list(fk_attrs)}) ${printReference(p, constraint)}`;
    default:
      return refuse(
        (contype ?? '').replace('CONSTR_', ''),
        location,
        'The application keeps such a rule, or a trigger in IRIS.',
      );
  }
}

/** Refuses constraint options that IRIS lacks. A deferred foreign key is accepted, as it can only fail earlier in IRIS. */
function refuseVariant({ contype, deferrable, nulls_not_distinct, skip_validation, location }: Constraint): void {
  if (deferrable === true && contype !== 'CONSTR_FOREIGN') refuse('a constraint that can be deferred', location);
  if (nulls_not_distinct === true) refuse('NULLS NOT DISTINCT', location);
  if (skip_validation === true) refuse('NOT VALID', location, 'IRIS checks the rows that there are.');
}

const referentialActions: Readonly<Record<string, string>> = {
  a: '',
  r: '',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

function printReference(p: Printing, constraint: Constraint): string {
  const {
    pktable = {},
    pk_attrs,
    fk_del_action = 'a',
    fk_upd_action = 'a',
  } = constraint as Constraint & {
    readonly fk_del_action?: string;
    readonly fk_upd_action?: string;
  };
  const columns = namesOf(pk_attrs).map((name) => identifier(name));
  const onDelete = referentialActions[fk_del_action] ?? '';
  const onUpdate = referentialActions[fk_upd_action] ?? '';
  return [
    `REFERENCES ${printRelation(p, pktable)}${columns.length === 0 ? '' : ` (${columns.join(', ')})`}`,
    onDelete === '' ? '' : ` ON DELETE ${onDelete}`,
    onUpdate === '' ? '' : ` ON UPDATE ${onUpdate}`,
  ].join('');
}

/** PostgreSQL's default name of an index. @throws Refusal */
function nameOfIndex({ relation = {}, indexParams = [], indexIncludingParams = [] }: IndexStmt): string {
  const columns = [...indexParams, ...indexIncludingParams].map((node) => bodyOf(node, 'IndexElem')?.name);
  const name = [relation.relname, ...columns.map((column) => column ?? 'expr'), 'idx'].join('_');
  if (Buffer.byteLength(name) > 63) return refuse('so long an index without a name', relation.location, 'Give it one.');
  return name;
}

/**
 * Prints CREATE INDEX. USING btree and storage parameters are ignored, and a partial index is created on all rows; options that change the
 * meaning of the index are refused.
 */
export function printCreateIndex(p: Printing, index: IndexStmt): string {
  const { idxname = nameOfIndex(index), relation = {}, accessMethod = 'btree' } = index;
  if (index.nulls_not_distinct === true) return refuse('NULLS NOT DISTINCT', relation.location);
  if (index.whereClause !== undefined && index.unique === true)
    return refuse('a unique index on a part of the rows', relation.location);
  const elements = (index.indexParams ?? []).map((node) => bodyOf(node, 'IndexElem') ?? {});
  if (accessMethod === 'hnsw') return printHnsw(p, index, idxname, elements);
  if (accessMethod !== 'btree') return refuse(`an index of kind ${accessMethod}`, relation.location);
  const columns = elements.map((element) => indexedColumn(element));
  const included = (index.indexIncludingParams ?? []).map((node) => indexedColumn(bodyOf(node, 'IndexElem') ?? {}));
  const data = included.length === 0 ? '' : ` WITH DATA (${included.join(', ')})`;
  const head = `CREATE ${index.unique === true ? 'UNIQUE ' : ''}INDEX${index.if_not_exists === true ? ' IF NOT EXISTS' : ''}`;
  return `${head} ${identifier(idxname)} ON TABLE ${printRelation(p, relation)} (${columns.join(', ')})${data}`;
}

function indexedColumn({ name, expr, opclass, collation }: IndexElem): string {
  if (collation !== undefined) return refuse('COLLATE of an index');
  if (name === undefined || expr !== undefined) return refuse('an index on an expression', placeOf(expr));
  const operators = namesOf(opclass).at(-1);
  return operators === undefined || plainOperators.test(operators)
    ? identifier(name)
    : refuse(`the operator class ${operators}`);
}

/** Operator classes that do not affect uniqueness. */
const plainOperators =
  /^(?:(?:text|varchar|bpchar)_pattern_ops|(?:int[248]|float[48]|numeric|text|varchar|bpchar|bool|date|time|timestamp|timestamptz|uuid|bytea)_ops)$/;

const distances: Readonly<Record<string, string>> = { vector_cosine_ops: 'Cosine', vector_ip_ops: 'DotProduct' };

function printHnsw(p: Printing, index: IndexStmt, name: string, elements: readonly IndexElem[]): string {
  const { relation = {}, options } = index;
  if (!p.dialect.has('hnswIndex')) return refuse(`HNSW before IRIS ${p.dialect.since('hnswIndex')}`, relation.location);
  const [element, ...more] = elements;
  const operators = namesOf(element?.opclass).at(-1) ?? 'vector_l2_ops';
  const distance = distances[operators];
  if (element?.name === undefined || more.length > 0 || distance === undefined) {
    return refuse(
      `HNSW with ${operators}`,
      relation.location,
      'IRIS has vector_cosine_ops and vector_ip_ops, on one column.',
    );
  }
  const parameters = (options ?? []).map((node) => {
    const { defname = '', arg } = bodyOf(node, 'DefElem') ?? {};
    const word = { m: 'M', ef_construction: 'efConstruction' }[defname];
    const value = bodyOf(arg, 'Integer')?.ival ?? bodyOf(arg, 'String')?.sval ?? '';
    if (!/^\d{1,6}$/.test(String(value))) return refuse(`${defname} of this size`, relation.location);
    return word === undefined ? refuse(`the HNSW option ${defname}`, relation.location) : `${word}=${value}`;
  });
  const list = [`Distance='${distance}'`, ...parameters].join(', ');
  return `CREATE INDEX ${identifier(name)} ON TABLE ${printRelation(p, relation)} (${identifier(element.name)}) AS HNSW(${list})`;
}

export function printDrop(p: Printing, drop: DropStmt): readonly string[] {
  const word = { OBJECT_TABLE: 'TABLE', OBJECT_VIEW: 'VIEW', OBJECT_INDEX: 'INDEX' }[
    drop.removeType as 'OBJECT_TABLE'
  ] as string | undefined;
  if (word === undefined) return refuse(`DROP ${(drop.removeType ?? '').replace('OBJECT_', '').replaceAll('_', ' ')}`);
  const end = drop.behavior === 'DROP_CASCADE' && word !== 'INDEX' ? ' CASCADE' : '';
  return (drop.objects ?? []).map((object) => {
    const words = namesOf(bodyOf(object, 'List')?.items);
    const [schemaname, relname = ''] = words.length > 1 ? words.slice(-2) : [undefined, words[0]];
    const relation = { ...(schemaname === undefined ? {} : { schemaname }), relname };
    const exists = drop.missing_ok === true ? 'IF EXISTS ' : '';
    if (word !== 'INDEX') return `DROP ${word} ${exists}${printRelation(p, relation)}${end}`;
    const table = p.catalog.tableOfIndex({
      ...(schemaname === undefined ? {} : { schema: schemaname }),
      name: relname,
    });
    if (table === undefined)
      return refuse('DROP INDEX of an unknown table', undefined, 'IRIS names an index by its table.');
    const on = printRelation(p, {
      ...(table.schema === undefined ? {} : { schemaname: table.schema }),
      relname: table.name,
    });
    return `DROP INDEX ${exists}${identifier(relname)} ON TABLE ${on}`;
  });
}

export function printCreateView(p: Printing, view: ViewStmt): string {
  const select = bodyOf(view.query, 'SelectStmt');
  if (select === undefined || view.options !== undefined) return refuse('this view');
  if (view.view?.relpersistence === 't') return refuse('a temporary view');
  if (view.withCheckOption === 'CASCADED_CHECK_OPTION') return refuse('WITH CHECK OPTION');
  const head = view.replace === true ? 'CREATE OR REPLACE VIEW' : 'CREATE VIEW';
  const { sql, columns = [] } = printQuery(p, select, undefined, { names: namesOf(view.aliases) });
  if (columns.some(({ type }) => type === 'interval'))
    return refuse('a view with an interval', placeOf(select), 'Take extract(epoch from ...): it is the seconds.');
  return `${head} ${printRelation(p, view.view ?? {})} AS ${sql}`;
}

export function printAlterTable(p: Printing, alter: AlterTableStmt): readonly string[] {
  const relation = alter.relation ?? {};
  if (alter.objtype !== 'OBJECT_TABLE') return refuse(`ALTER ${(alter.objtype ?? '').replace('OBJECT_', '')}`);
  const facts = p.catalog.table(relationOf(relation));
  if (alter.missing_ok === true && facts === undefined)
    return refuse('IF EXISTS of an unknown table', relation.location);
  const head = `ALTER TABLE ${printRelation(p, relation)}`;
  return (alter.cmds ?? [])
    .map((node) => bodyOf(node, 'AlterTableCmd') ?? {})
    .filter((command) => !isDone(command, facts))
    .map((command) => `${head} ${printAlterCommand(p, command, facts)}`);
}

/** Whether nothing is to be done because of IF EXISTS or IF NOT EXISTS. */
function isDone({ subtype, name, def, missing_ok }: AlterTableCmd, facts: TableFacts | undefined): boolean {
  if (missing_ok !== true || (subtype !== 'AT_AddColumn' && subtype !== 'AT_DropColumn')) return false;
  if (facts === undefined) return refuse('IF EXISTS of a column of an unknown table');
  const isThere = columnFacts(facts, bodyOf(def, 'ColumnDef')?.colname ?? name) !== undefined;
  return isThere === (subtype === 'AT_AddColumn');
}

function printAlterCommand(
  p: Printing,
  { subtype, name = '', def, behavior, missing_ok }: AlterTableCmd,
  facts: TableFacts | undefined,
): string {
  switch (subtype) {
    case 'AT_AddColumn':
      return `ADD COLUMN ${printColumnDefinition(p, bodyOf(def, 'ColumnDef') ?? {})}`;
    case 'AT_DropColumn':
      return `DROP COLUMN ${identifier(name)}${behavior === 'DROP_CASCADE' ? ' CASCADE' : ''}`;
    case 'AT_SetNotNull':
      return `ALTER COLUMN ${identifier(name)} NOT NULL`;
    case 'AT_DropNotNull':
      return `ALTER COLUMN ${identifier(name)} NULL`;
    case 'AT_ColumnDefault':
      return `ALTER COLUMN ${identifier(name)} ${def === undefined ? 'DROP DEFAULT' : `SET DEFAULT (${p.value(def, new Scope())})`}`;
    case 'AT_AlterColumnType':
      return printAlterType(p, name, bodyOf(def, 'ColumnDef') ?? {}, facts);
    case 'AT_AddConstraint':
      return `ADD ${printTableConstraint(p, bodyOf(def, 'Constraint') ?? {})}`;
    case 'AT_DropConstraint':
      return missing_ok === true ? refuse('DROP CONSTRAINT IF EXISTS') : `DROP CONSTRAINT ${identifier(name)}`;
    default:
      return refuse(`ALTER TABLE ... ${(subtype ?? '').replace('AT_', '')}`);
  }
}

function printAlterType(p: Printing, name: string, column: ColumnDef, facts: TableFacts | undefined): string {
  const { typeName, raw_default: using } = column;
  const { arg, typeName: cast } = bodyOf(using, 'TypeCast') ?? {};
  const isCast =
    isSame({ ColumnRef: { fields: words(name) } }, arg) &&
    isSame({ TypeName: cast ?? {} }, { TypeName: typeName ?? {} });
  if (using !== undefined && !(isCast && isWidened(columnFacts(facts, name), typeUse(typeName))))
    return refuse(
      'ALTER COLUMN TYPE ... USING',
      placeOf(using),
      'USING a cast of the column to its new type, where every value of the old one is one of the new, is translated.',
    );
  return `ALTER COLUMN ${identifier(name)} ${columnType(p, typeName)}`;
}

/** Whether all values of a column are valid for the new type unchanged. */
function isWidened(column: ColumnFacts | undefined, use: TypeUse | undefined): boolean {
  if (column === undefined || use === undefined) return false;
  const [from, to] = [column.type, use.type].map((type) => widths.indexOf(type));
  if (from !== undefined && to !== undefined && from >= 0 && to >= 0) return from <= to;
  const isText = [column.type, use.type].every((type) => type === 'text' || type === 'varchar');
  const [length = textMax] = use.modifiers;
  return isText && (column.modifiers?.[0] ?? textMax) <= length;
}

const widths: readonly PgType[] = ['int2', 'int4', 'int8'];
const textMax = 65_535;

export function printRename(
  p: Printing,
  { renameType, relation = {}, subname = '', newname = '', missing_ok }: RenameStmt,
): string {
  const table = `ALTER TABLE ${printRelation(p, relation)}`;
  if (missing_ok === true && p.catalog.table(relationOf(relation)) === undefined)
    return refuse('IF EXISTS of an unknown table', relation.location);
  if (renameType === 'OBJECT_TABLE') return `${table} RENAME ${identifier(newname)}`;
  if (renameType === 'OBJECT_COLUMN')
    return `${table} ALTER COLUMN ${identifier(subname)} RENAME ${identifier(newname)}`;
  return refuse(`renaming of ${(renameType ?? '').replace('OBJECT_', '')}`);
}
