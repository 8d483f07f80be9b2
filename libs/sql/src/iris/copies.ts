import type { CopyStmt, Node, RangeVar } from 'libpg-query';
import { namesOf } from '../ast.ts';
import { copyOptions } from './copy-options.ts';
import type { IrisText } from './fragment.ts';
import { printRelation, relationOf } from './from.ts';
import { identifier } from './names.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Translation } from './translation.ts';

/** Prints the INSERT to which each row of a COPY FROM STDIN is bound. @throws Refusal */
export function printCopyIn(p: Printing, copied: CopyStmt): Translation {
  const { relation = {}, attlist, whereClause, filename, is_program, options } = copied;
  if (filename !== undefined || is_program === true) return refuse('COPY from a file of the server');
  if (whereClause !== undefined) return refuse('COPY with WHERE', relation.location);
  const named = namesOf(attlist);
  const columns = named.length > 0 ? named : p.catalog.table(relationOf(relation))?.columns.map(({ name }) => name);
  if (columns === undefined)
    return refuse('COPY into a table of unknown columns', relation.location, 'Name the columns.');
  const values = columns.map((_, place) => p.marks.parameter(place + 1)).join(', ');
  const list = columns.map((name) => identifier(name)).join(', ');
  const insert: IrisText = p.marks.assemble(`INSERT INTO ${printRelation(p, relation)} (${list}) VALUES (${values})`);
  return { kind: 'copyIn', relation: relationOf(relation), insert, columns, options: copyOptions(options, true) };
}

/** The SELECT of a COPY of a table. */
export function selectOf(relation: RangeVar, attlist: readonly Node[]): Node {
  const fields = attlist.length === 0 ? [{ A_Star: {} }] : attlist;
  const targetList = fields.map((field): Node => ({ ResTarget: { val: { ColumnRef: { fields: [field] } } } }));
  return { SelectStmt: { targetList, fromClause: [{ RangeVar: relation }] } };
}
