import type { CreateTableAsStmt } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import type { PrintedChange } from './changes.ts';
import { printRelation, relationOf } from './from.ts';
import { identifier } from './names.ts';
import { irisType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { placeOf, refuse } from './refusal.ts';
import { refuseKind } from './schema.ts';
import type { VisibleColumn } from './scope.ts';

/** Prints CREATE TABLE ... AS and SELECT INTO: creates the table by the query's types, and then inserts the rows. */
export function printTableOfQuery(p: Printing, create: CreateTableAsStmt): PrintedChange {
  const { into, query, objtype, if_not_exists } = create;
  const { rel = {}, colNames, skipData, options, tableSpaceName } = into ?? {};
  const select = bodyOf(query, 'SelectStmt');
  refuseKind(rel);
  const isPlain = objtype === 'OBJECT_TABLE' && options === undefined;
  if (select === undefined || !isPlain || tableSpaceName !== undefined)
    return refuse(
      'this way to make a table of a query',
      rel.location,
      'CREATE TABLE name AS SELECT ... is translated.',
    );
  if (if_not_exists === true && p.catalog.table(relationOf(rel)) !== undefined) return { steps: [] };
  const { sql, columns } = p.query(select, undefined, { names: namesOf(colNames) });
  if (columns === undefined) return refuse('a table of unknown columns', placeOf(select), 'Name the columns.');
  const names = columns.map(({ name }) => identifier(name, rel.location));
  if (new Set(names).size < names.length) return refuse('two columns of one name', rel.location);
  const definitions = columns.map((column, place) => `${names[place] ?? ''} ${typeOfColumn(column, rel.location)}`);
  const table = printRelation(p, rel);
  const make = { sql: `CREATE TABLE ${table} (${definitions.join(', ')})`, isResult: false };
  const fill = { sql: `INSERT INTO ${table} (${names.join(', ')}) ${sql}`, isResult: false };
  return { steps: skipData === true ? [make] : [make, fill] };
}

function typeOfColumn({ name, type, facts, isOpen }: VisibleColumn, location?: number): string {
  const own = type === undefined && isOpen === true ? 'text' : type;
  const declared = own === undefined ? undefined : irisType({ type: own, modifiers: facts?.modifiers ?? [] });
  return declared ?? refuse(`a column "${name}" of this type`, location, 'Cast it.');
}
