import { hasSqlDetails, loadModule, parseSync, type ParseResult, type RawStmt } from 'libpg-query';
import { isSlowToLex } from './operator-runs.ts';

/** An error as PostgreSQL would report it. */
export interface SqlFault {
  readonly sqlstate: string;
  readonly message: string;
  /** In code points from 1, as PostgreSQL counts; undefined if the error has no position. */
  readonly position?: number;
  readonly hint?: string;
}

/** PostgreSQL's error for too deep nesting. */
export const tooDeep: SqlFault = { sqlstate: '54001', message: 'stack depth limit exceeded' };

export type Parsing =
  | { readonly kind: 'parsed'; readonly statements: readonly RawStmt[] }
  | { readonly kind: 'fault'; readonly fault: SqlFault };

/** Loads the WebAssembly module with PostgreSQL's parser; nothing else here does I/O. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

/** The last tree of a small text is kept, as a text is analysed and then translated. Trees must not be modified. */
let last: { readonly text: string; readonly parsing: Parsing } | undefined;
const keptMax = 32 * 1024;

/** About 25 µs for a short statement, and 0.1 µs per character for a long one. */
export function parseSql(text: string): Parsing {
  // The parser takes a C string, which would end at the zero byte.
  if (text.includes('\0')) return fault('22021', 'invalid byte sequence for encoding "UTF8": 0x00', text.indexOf('\0'));
  if (text === '') return { kind: 'parsed', statements: [] };
  if (text === last?.text) return last.parsing;
  if (isSlowToLex(text)) return fault('54001', 'too many comments or operators stand next to each other to be read');
  try {
    const result: ParseResult = parseSync(text);
    const parsing = { kind: 'parsed', statements: result.stmts ?? [] } as const;
    last = text.length > keptMax ? undefined : { text, parsing };
    return parsing;
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'fault', fault: tooDeep };
    if (!hasSqlDetails(error)) throw error;
    return fault(stateOf(error.message), error.message, error.sqlDetails?.cursorPosition);
  }
}

/** The SQLSTATE of a parser error: nearly always a syntax error, otherwise `feature_not_supported`, by its message. */
function stateOf(message: string): string {
  return /not (yet )?(supported|implemented)/.test(message) ? '0A000' : '42601';
}

function fault(sqlstate: string, message: string, before?: number): Parsing {
  const place = before === undefined ? {} : { position: before + 1 };
  return { kind: 'fault', fault: { sqlstate, message, ...place } };
}
