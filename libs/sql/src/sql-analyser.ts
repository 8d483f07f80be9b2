import { LRUCache } from 'lru-cache';
import type { RawStmt } from 'libpg-query';
import { SharedAnalyses, type SharedAnalysis } from './shared-analyses.ts';
import { fingerprintOf } from './fingerprint.ts';
import { loadParser, parseSql, tooDeep, type SqlFault } from './pg-parser.ts';
import { currentKey, scanNumbersKey } from './plain-skeleton.ts';
import { skeletonOf, type Skeleton } from './skeleton.ts';
import { unreadText } from './unread-text.ts';
import { readStatement } from './statement-reader.ts';
import type { Statement } from './statement.ts';

/** The byte range of a statement in the UTF-8 of its text, without the semicolon. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export type Analysis =
  | {
      readonly kind: 'read';
      readonly statements: readonly Statement[];
      /** The range of each statement; of a single one, the whole text. */
      readonly ranges: readonly ByteRange[];
    }
  /** It could not be parsed. A server with another grammar may accept it, so its effects are unknown. */
  | { readonly kind: 'unread'; readonly fault: SqlFault; readonly fingerprint: string; readonly normalised: string }
  /** Too large to parse here: call `analyseLarge` on another thread. */
  | { readonly kind: 'large' }
  /** It must not be parsed at all. */
  | { readonly kind: 'refused'; readonly fault: SqlFault };

export interface AnalyserLimits {
  /** Approximate maximum size of both caches together. */
  readonly cacheBytesMax: number;
  /** Larger texts are `large`: parsing this size takes up to 5 ms. */
  readonly inlineBytesMax: number;
  /** The same by tokens: a list of 60,000 numbers takes longer than its size suggests. */
  readonly inlineTokensMax: number;
  /** Larger texts are `refused`. */
  readonly textBytesMax: number;
}

/** The default. */
export const inlineBytesMax = 32 * 1024;

const defaults: AnalyserLimits = {
  cacheBytesMax: 32 * 1024 * 1024,
  inlineBytesMax,
  inlineTokensMax: 5_000,
  textBytesMax: 1024 * 1024,
};

export interface AnalyserCounts {
  /** Texts found in the cache of exact texts. */
  readonly exact: number;
  /** Texts that differ only in literals, comments or layout from a cached one. */
  readonly similar: number;
  readonly parsed: number;
}

/** Estimated size of an analysis without its texts. */
const bytesOfAnalysis = 2_048;

/**
 * Analyses SQL texts. An analysis is found by the exact text (0.3 µs), by the text without literals (1 µs per 100 characters), or by
 * parsing (50 µs for a short statement).
 */
export class SqlAnalyser {
  readonly #limits: AnalyserLimits;
  readonly #exact: LRUCache<string, Analysis>;
  readonly #similar: LRUCache<string, Similar>;
  readonly #shared = new SharedAnalyses();
  #counts = { exact: 0, similar: 0, parsed: 0 };

  private constructor(limits: AnalyserLimits) {
    this.#limits = limits;
    const share = Math.max(1, Math.floor(limits.cacheBytesMax / 2));
    this.#exact = new LRUCache({ maxSize: share, sizeCalculation: (analysis, text) => sizeOf(analysis, text) });
    this.#similar = new LRUCache({
      maxSize: share,
      sizeCalculation: ({ statement }, key) => sizeOfStatement(statement, key),
    });
  }

  static async load(limits: Partial<AnalyserLimits> = {}): Promise<SqlAnalyser> {
    await loadParser();
    return new SqlAnalyser({ ...defaults, ...limits });
  }

  get counts(): AnalyserCounts {
    return this.#counts;
  }

  /**
   * Finds by its bytes (0.2 µs) the analysis shared by texts that differ only in numbers and layout. The text is `bytes[from, to)`, which
   * a zero byte must follow. Undefined: none of these texts was analysed yet, or it has strings or comments.
   */
  sharedAnalysis(bytes: Buffer, from: number, to: number): SharedAnalysis | undefined {
    const size = scanNumbersKey(bytes, from, to);
    if (size === 0) return undefined;
    const known = this.#shared.find(size);
    if (known === undefined) return this.#newSharedAnalysis(size);
    this.#counts.similar++;
    return known;
  }

  #newSharedAnalysis(size: number): SharedAnalysis | undefined {
    const similar = this.#similar.get(currentKey.toString('latin1', 0, size));
    return similar && this.#shared.add(size, (bytes) => analysisOf(similar, bytes));
  }

  analyse(text: string): Analysis {
    const known = this.#exact.get(text);
    if (known !== undefined) {
      this.#counts.exact++;
      return known;
    }
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#limits.textBytesMax) return refused(bytes, this.#limits.textBytesMax);
    if (bytes > this.#limits.inlineBytesMax) return { kind: 'large' };
    return this.#analyseNew(text, bytes, this.#limits.inlineTokensMax);
  }

  /** Analyses a text of any size up to `textBytesMax`. */
  analyseLarge(text: string): Analysis {
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#limits.textBytesMax) return refused(bytes, this.#limits.textBytesMax);
    return this.#exact.get(text) ?? this.#analyseNew(text, bytes, Infinity);
  }

  /** Caches the result of `analyseLarge` on another thread. */
  remember(text: string, analysis: Analysis): void {
    this.#exact.set(text, analysis);
  }

  #analyseNew(text: string, bytes: number, tokensMax: number): Analysis {
    const skeleton = skeletonOf(text);
    const similar = skeleton.isReliable ? this.#similar.get(skeleton.key) : undefined;
    if (similar === undefined)
      return skeleton.tokens > tokensMax ? { kind: 'large' } : this.#parse(text, bytes, skeleton);
    this.#counts.similar++;
    const analysis = analysisOf(similar, bytes);
    // Cache the exact text only when it repeats, not if its numbers change each time.
    if (similar.lastText === text) this.#exact.set(text, analysis);
    similar.lastText = text;
    return analysis;
  }

  #parse(text: string, bytes: number, skeleton: Skeleton): Analysis {
    this.#counts.parsed++;
    const analysis = read(text, bytes, skeleton);
    this.#exact.set(text, analysis);
    const statements = analysis.kind === 'read' ? analysis.statements : [];
    const [statement, ...more] = statements;
    if (statement !== undefined && more.length === 0 && skeleton.isReliable && isIndependentOfLiterals(statement)) {
      this.#similar.set(skeleton.key, { statement, statements, lastText: '', analysis, bytes });
    }
    return analysis;
  }
}

interface Similar {
  readonly statement: Statement;
  readonly statements: readonly Statement[];
  lastText: string;
  /** The analysis of the last text and its length, the only part that is specific to it. */
  analysis: Analysis;
  bytes: number;
}

function analysisOf(similar: Similar, bytes: number): Analysis {
  if (similar.bytes === bytes) return similar.analysis;
  similar.analysis = { kind: 'read', statements: similar.statements, ranges: [{ start: 0, end: bytes }] };
  similar.bytes = bytes;
  return similar.analysis;
}

function read(text: string, bytes: number, skeleton: Skeleton): Analysis {
  try {
    return readParsed(text, bytes, skeleton);
  } catch (error) {
    // The parser accepts deeper nesting than the recursion here.
    if (!(error instanceof RangeError)) throw error;
    return unread(tooDeep, skeleton);
  }
}

function unread(fault: SqlFault, skeleton: Skeleton): Analysis {
  return { kind: 'unread', fault, fingerprint: fingerprintOf(skeleton), normalised: unreadText(skeleton) };
}

function readParsed(text: string, bytes: number, skeleton: Skeleton): Analysis {
  const parsing = parseSql(text);
  if (parsing.kind === 'fault') return unread(parsing.fault, skeleton);
  const [first, ...more] = parsing.statements;
  if (first?.stmt === undefined) return { kind: 'read', statements: [], ranges: [] };
  if (more.length > 0) return readSeveral(text, bytes, parsing.statements);
  return { kind: 'read', statements: [readStatement(first.stmt, skeleton)], ranges: [{ start: 0, end: bytes }] };
}

function readSeveral(text: string, bytes: number, parsed: readonly RawStmt[]): Analysis {
  const utf8 = bytes === text.length ? undefined : Buffer.from(text, 'utf8');
  const statements: Statement[] = [];
  const ranges: ByteRange[] = [];
  for (const { stmt, stmt_location: start = 0, stmt_len: length = 0 } of parsed) {
    if (stmt === undefined) continue;
    const end = length === 0 ? bytes : start + length;
    ranges.push({ start, end });
    const own = utf8?.toString('utf8', start, end) ?? text.slice(start, end);
    statements.push(readStatement(stmt, skeletonOf(own)));
  }
  return { kind: 'read', statements, ranges };
}

const queries: ReadonlySet<Statement['kind']> = new Set(['select', 'insert', 'update', 'delete', 'merge']);

/** Whether the analysis holds for all literals. They matter to SET, set_config and locks, and to utility statements that take names as strings. */
function isIndependentOfLiterals({ kind, effects }: Statement): boolean {
  return queries.has(kind) && effects.length === 0;
}

function refused(bytes: number, bytesMax: number): Analysis {
  const message = `statement of ${bytes} bytes is larger than the ${bytesMax} that are read`;
  return {
    kind: 'refused',
    fault: { sqlstate: '54000', message, hint: 'Send values as parameters, or rows by COPY.' },
  };
}

function sizeOf(analysis: Analysis, text: string): number {
  const statements = analysis.kind === 'read' ? analysis.statements : [];
  return statements.reduce((sum, statement) => sum + sizeOfStatement(statement, ''), 2 * text.length + bytesOfAnalysis);
}

function sizeOfStatement({ normalised, effects, reads, writes, calls }: Statement, text: string): number {
  const parts = effects.length + reads.length + writes.length + calls.length;
  return 2 * (text.length + normalised.length) + 64 * parts + bytesOfAnalysis;
}
