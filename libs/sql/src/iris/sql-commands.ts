import type { DeclareCursorStmt, ExecuteStmt, FetchStmt, Node, PrepareStmt } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import { typeUse, type PgType } from './pg-type.ts';
import { positionOf, refuse, Refusal } from './refusal.ts';

/** SQL statements that correspond to messages of the extended protocol; they are not sent to IRIS. */
export type SqlCommand =
  | {
      readonly kind: 'prepare';
      readonly name: string;
      readonly types: readonly PgType[];
      /** The prepared statement, padded with spaces so that positions are those of the whole text. */
      readonly inner: string;
    }
  | { readonly kind: 'execute'; readonly name: string; readonly values: readonly (string | null)[] }
  /** Undefined: all. */
  | { readonly kind: 'deallocate'; readonly name: string | undefined }
  | { readonly kind: 'declare'; readonly name: string; readonly isHeld: boolean; readonly inner: string }
  | { readonly kind: 'fetch'; readonly name: string; readonly rowsMax: number; readonly isMove: boolean }
  | { readonly kind: 'closeCursor'; readonly name: string | undefined };

/** Undefined: another kind of statement. @param own the bytes of the statement in the text */
export function sqlCommandOf(
  node: Node,
  text: string,
  own: { readonly start: number; readonly end: number },
): SqlCommand | undefined {
  const prepare = bodyOf(node, 'PrepareStmt');
  if (prepare !== undefined) return prepared(prepare, innerOf(text, own, 'as'));
  const declare = bodyOf(node, 'DeclareCursorStmt');
  if (declare !== undefined) return declared(declare, innerOf(text, own, 'for'));
  const execute = bodyOf(node, 'ExecuteStmt');
  if (execute !== undefined) return executed(execute);
  const fetch = bodyOf(node, 'FetchStmt');
  if (fetch !== undefined) return fetched(fetch);
  const deallocate = bodyOf(node, 'DeallocateStmt');
  if (deallocate !== undefined) return { kind: 'deallocate', name: deallocate.name };
  const close = bodyOf(node, 'ClosePortalStmt');
  return close === undefined ? undefined : { kind: 'closeCursor', name: close.portalname };
}

function prepared({ name = '', argtypes = [] }: PrepareStmt, inner: string): SqlCommand {
  const types = argtypes.map((node) => {
    const typeName = bodyOf(node, 'TypeName');
    const { type } = typeUse(typeName) ?? {};
    return type ?? refuse(`a parameter of type ${namesOf(typeName?.names).at(-1) ?? ''}`, typeName?.location);
  });
  return { kind: 'prepare', name, types, inner };
}

/** The option bits of the grammar. */
const cursorOptions = { binary: 0x0001, scroll: 0x0002, hold: 0x0020 } as const;

function declared({ portalname = '', options = 0 }: DeclareCursorStmt, inner: string): SqlCommand {
  if ((options & cursorOptions.scroll) !== 0) return refuse('SCROLL', undefined, 'Cursors only move forward.');
  if ((options & cursorOptions.binary) !== 0) return refuse('a BINARY cursor');
  return { kind: 'declare', name: portalname, isHeld: (options & cursorOptions.hold) !== 0, inner };
}

function executed({ name = '', params = [] }: ExecuteStmt): SqlCommand {
  return { kind: 'execute', name, values: params.map(valueOf) };
}

/** The text of a constant, possibly signed or cast. */
function valueOf(node: Node): string | null {
  const cast = bodyOf(node, 'TypeCast');
  if (cast?.arg !== undefined) return valueOf(cast.arg);
  const { kind, name, lexpr, rexpr, location } = bodyOf(node, 'A_Expr') ?? {};
  const number = constantText(rexpr);
  if (kind === 'AEXPR_OP' && lexpr === undefined && namesOf(name)[0] === '-' && number !== undefined)
    return number.startsWith('-') ? number.slice(1) : `-${number}`;
  const constant = bodyOf(node, 'A_Const');
  if (constant?.isnull === true) return null;
  return constantText(node) ?? refuse('EXECUTE with a value that is not a constant', constant?.location ?? location);
}

/** The count of FETCH ALL in the parse tree. */
const allRows = 0x7fff_ffff;

function fetched({ portalname = '', direction, howMany, ismove }: FetchStmt): SqlCommand {
  const count = Number(howMany ?? 0);
  if (direction !== undefined && direction !== 'FETCH_FORWARD')
    throw new Refusal('cursor can only scan forward', { sqlstate: '55000' });
  if (count < 0) throw new Refusal('cursor can only scan forward', { sqlstate: '55000' });
  if (count === 0) return refuse('FETCH 0');
  return { kind: 'fetch', name: portalname, rowsMax: count >= allRows ? 0 : count, isMove: ismove === true };
}

/** Skips what precedes the query, ignoring names, comments and parentheses. */
const before = /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|\((?:[^()"]|"(?:[^"]|"")*")*\)|(\w+)|[^\s]/y;

function innerOf(text: string, { start, end }: { readonly start: number; readonly end: number }, word: string): string {
  const bytes = Buffer.from(text, 'utf8');
  const statement = bytes.toString('utf8', start, end);
  before.lastIndex = 0;
  for (let match = before.exec(statement); match !== null; match = before.exec(statement)) {
    if (match[1]?.toLowerCase() !== word) continue;
    const place = start + Buffer.byteLength(statement.slice(0, before.lastIndex));
    return ' '.repeat(positionOf(bytes, place) - 1) + statement.slice(before.lastIndex);
  }
  return refuse('this statement');
}
