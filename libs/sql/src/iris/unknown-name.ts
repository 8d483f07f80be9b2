import type { ColumnRef, Node, RangeVar, ResTarget } from 'libpg-query';
import { bodyOf, kindOf, namesOf, type NodeKind } from '../ast.ts';
import { parseSql } from '../pg-parser.ts';
import { positionOf } from './refusal.ts';

/** An occurrence of a name in a statement. */
interface Place {
  readonly words: readonly string[];
  /** In bytes. */
  readonly location: number;
  /** For a column, the query whose tables may have it; for a table, its name. */
  readonly among: unknown;
}

/**
 * The position (in characters from 1) of a column or table that IRIS does not know: of several, the one that PostgreSQL analyses first.
 * Undefined if not certain, such as for columns of the same name in two queries.
 * @param wording the error of IRIS, whose first quoted name is the unknown one
 */
export function positionOfUnknown(text: string, kind: 'column' | 'table', wording: string): number | undefined {
  const said = /'([^']+)'/.exec(wording)?.[1]?.replaceAll('"', '').toLowerCase().split('.') ?? [];
  const unknown = kind === 'table' ? said.slice(-1) : said; // schema names differ in IRIS
  const parsing = parseSql(text);
  if (unknown.length === 0 || parsing.kind !== 'parsed') return undefined;
  const found = parsing.statements
    .map(({ stmt }) => placesOf(stmt, kind).filter((place) => isNamed(place, unknown)))
    .filter((places) => places.length > 0);
  const [[first, ...more] = [], ...others] = found;
  const isCertain = others.length === 0 && more.every(({ among }) => among === first?.among);
  return first === undefined || !isCertain ? undefined : positionOf(Buffer.from(text, 'utf8'), first.location);
}

/** Compares qualified names from the right, as far as both are given. */
function isNamed({ words }: Place, unknown: readonly string[]): boolean {
  const [one = [], other = []] = [words, unknown].map((names) => [...names].reverse());
  return one.every((word, at) => other[at] === undefined || other[at] === word.toLowerCase());
}

/** Statements for which PostgreSQL reports the position. */
const placed: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'ExplainStmt', 'DeclareCursorStmt', 'CreateTableAsStmt', 'ViewStmt',
]); // prettier-ignore

/** Fields in PostgreSQL's order of analysis; all others follow. */
const first = ['ctes', 'withClause', 'relation', 'fromClause', 'usingClause', 'selectStmt'];
const ofQuery = [...first, 'targetList', 'whereClause', 'havingClause', 'sortClause'];
const ofChange = [...first, 'whereClause', 'returningClause', 'targetList'];

function placesOf(statement: Node | undefined, kind: 'column' | 'table'): readonly Place[] {
  const places: Place[] = [];
  const note = (words: readonly string[], among: unknown, location = -1): void => {
    if (location >= 0) places.push({ words, location, among });
  };
  const noteTable = ({ schemaname, relname = '', location }: RangeVar): void => {
    if (kind === 'table') note([relname], `${schemaname ?? ''}.${relname}`, location);
  };
  const noteColumn = ({ fields = [], location }: ColumnRef, query: unknown): void => {
    const words = namesOf(fields);
    if (kind === 'column' && words.length === fields.length) note(words, query, location); // not a star
  };
  const noteAssigned = ({ name, location }: ResTarget, query: unknown): void => {
    if (kind === 'column' && name !== undefined) note([name], query, location);
  };
  const look = (part: unknown, query: unknown): void => {
    if (Array.isArray(part)) return part.forEach((each) => look(each, query));
    if (typeof part !== 'object' || part === null) return;
    const node = part as Node;
    const table = bodyOf(node, 'RangeVar');
    if (table !== undefined) return noteTable(table);
    const column = bodyOf(node, 'ColumnRef');
    if (column !== undefined) return noteColumn(column, query);
    const fields = new Map<string, unknown>(Object.entries(part));
    const relation = fields.get('relation');
    if (relation !== undefined) noteTable(relation as RangeVar);
    const isSelect = fields.has('limitOption');
    const own = isSelect || relation !== undefined ? part : query;
    const order = isSelect ? ofQuery : ofChange;
    for (const name of order) look(fields.get(name), own);
    for (const [name, each] of fields) if (!order.includes(name)) look(each, own);
    const assigned = [fields.get('cols'), isSelect ? undefined : fields.get('targetList')].flat();
    for (const each of assigned) noteAssigned(bodyOf(each as Node | undefined, 'ResTarget') ?? {}, own);
  };
  if (statement !== undefined && placed.has(kindOf(statement))) look(statement, statement);
  return places;
}
