import { hasSqlDetails, loadModule, parseSync, type ParseResult, type RawStmt } from 'libpg-query';
import { isDearToLex } from './operator-runs.ts';

/** What PostgreSQL would answer in an ErrorResponse. */
export interface SqlFault {
  readonly sqlstate: string;
  readonly message: string;
  /** In characters from 1, as PostgreSQL counts: one per code point, wherever the fault has a place. */
  readonly position?: number;
  readonly hint?: string;
}

/** As PostgreSQL says it: what stands in each other has come to the end of the stack. */
export const tooDeep: SqlFault = { sqlstate: '54001', message: 'stack depth limit exceeded' };

export type Parsing =
  | { readonly kind: 'parsed'; readonly statements: readonly RawStmt[] }
  | { readonly kind: 'fault'; readonly fault: SqlFault };

/** Reads the WebAssembly module of PostgreSQL's own grammar; after that nothing here does I/O. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

/** Who analyses a text translates it next: of one that is not large the tree is kept. Nobody changes it. */
let last: { readonly text: string; readonly parsing: Parsing } | undefined;
const keptMax = 32 * 1024;

/** Some 25 µs for a short statement, 0.1 µs per character for a long one. */
export function parseSql(text: string): Parsing {
  // A C string ends at the first zero: what stands behind it would go unread.
  if (text.includes('\0')) return fault('22021', 'invalid byte sequence for encoding "UTF8": 0x00', text.indexOf('\0'));
  if (text === '') return { kind: 'parsed', statements: [] };
  if (text === last?.text) return last.parsing;
  if (isDearToLex(text)) return fault('54001', 'too many comments or operators stand next to each other to be read');
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

/** The grammar raises nearly everything as a syntax error; what it knows and does not do says so. */
function stateOf(message: string): string {
  return /not (yet )?(supported|implemented)/.test(message) ? '0A000' : '42601';
}

function fault(sqlstate: string, message: string, before?: number): Parsing {
  const place = before === undefined ? {} : { position: before + 1 };
  return { kind: 'fault', fault: { sqlstate, message, ...place } };
}
