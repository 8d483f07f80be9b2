import { isDeepStrictEqual } from 'node:util';
import { codeFacts, volatilityOf, type CodeFacts, type Statement } from '@medrex/sql';
import { latin1Of } from '../state/text-encoding.ts';
import { CodeCatalogue, type CodeRows } from './code-catalogue.ts';

/** The result for a text, valid as long as `version` is that of the code. */
export interface CodeCheck {
  version: number;
  needs: Needs;
}

/**
 * `nothing`: the text runs, reads and writes no code. `known`: nothing of it leaves state behind, as far as the code is known. `look`: some
 * of it may.
 */
type Needs = 'nothing' | 'known' | 'look';

/** A text with its statements, analysed. */
export interface RunText {
  /** UTF-8 read as latin1. */
  readonly text: string;
  readonly statements: readonly Statement[] | 'unread';
}

export const notChecked = (): CodeCheck => ({ version: -1, needs: 'look' });

/** How soon code that others define at the server is noticed, in ms. */
const ageMaxMs = 5_000;
/** How long a server that has refused to answer is not asked again, in ms. */
const refusedForMs = 60_000;
/** In longer texts, comments between a name and its parenthesis are not considered. */
const commentsMax = 16 * 1024;
/** How many names are remembered that are not code. */
const namesMax = 20_000;
/** With more words, every statement that calls or writes something is analysed. */
const wordsMax = 2_000;

const redefines =
  /(?:^|;)\s*(?:create\s+(?:or\s+replace\s+)?(?:constraint\s+)?(?:function|procedure|trigger|event|extension|rule|view|policy|aggregate|operator|cast|type|domain|schema)|alter\s+(?!role\b|user\b|database\b|system\b|sequence\b|index\b|session\b))\b/i;
const gap = String.raw`(?:\s|--[^\n]*\n|/\*[^*]*(?:\*(?!/)[^*]*)*\*/)*`;
const name = String.raw`[\w$\x80-\xff]+`;
const calls = new RegExp(`(?<![\\w$\\x80-\\xff])(${name})"?${gap}\\(`, 'g');
const writes = new RegExp(
  `\\b(?:insert\\s+into|merge\\s+into|delete\\s+from|update|copy|truncate(?:\\s+table)?)\\s+(?:only\\s+)?((?:"?${name}"?\\s*\\.\\s*)?"?${name}"?)`,
  'gi',
);
/** The first match: a global pattern would remember its position. */
const firstWrite = new RegExp(writes.source, 'i');
/** Words that may precede a parenthesis without being a call. */
const keywords: ReadonlySet<string> = new Set(
  `in values and or not any all some exists as on using over filter within from select where when then else case by having limit
  returning set into key references unique check default row array cast coalesce nullif greatest least grouping sets cube rollup
  numeric decimal varchar char character bit float time timestamp interval varying table conflict with lateral join only distinct
  between like is extract position substring trim overlay union except intersect explain copy window partition`.split(
    /\s+/,
  ),
);

/** Views and policies may run anything. */
const reads = /\b(?:from|table)\b/i;

const firstWord = /^\s*([a-z]+)/i;
/** Statements that may contain other statements or define something. */
const holders: ReadonlySet<string> = new Set(['with', 'explain', 'create', 'alter', 'do', 'prepare']);
const writers: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy', 'truncate']);

/** The verb of a text that is a single statement and cannot contain others; otherwise undefined. */
function verbOf(text: string): string | undefined {
  const end = text.indexOf(';');
  if (end >= 0 && end < text.length - 1) return undefined;
  const verb = firstWord.exec(text)?.[1]?.toLowerCase();
  return verb === undefined || holders.has(verb) ? undefined : verb;
}

const redefinesCode = (text: string): boolean => verbOf(text) === undefined && redefines.test(text);

const lowerLatin1Of = (text: string): string => latin1Of(text).toLowerCase();

/**
 * What functions, procedures, triggers, views and policies of one database may leave behind in a session, as far as its catalogue tells:
 * their sources, and what reaches them. The catalogue is read at the first statement that reads, calls or writes something, at a statement
 * that calls or writes something unknown, after DDL, and when the last reading is old.
 */
export class DatabaseCode {
  /** Increases when the result for a text may have changed. */
  version = 0;
  /** Some names of code that leaves state behind are not ASCII. */
  hasOtherNames = false;
  /** The catalogue as last read. */
  readonly catalogue = new CodeCatalogue();
  /** When a client was last chosen to read the catalogue again. */
  #renewedAtMs = -Infinity;
  #refusedAtMs = -Infinity;
  /** As far as is known, the server answers. */
  #isReadable = true;
  #isStale = true;
  /** How often something may have been defined. */
  #defined = 0;
  /** Clients that wait for the catalogue that another one is reading; undefined: nobody is reading it. */
  #waiting: (() => void)[] | undefined;
  #builtIn: { readonly of: readonly string[]; readonly names: ReadonlySet<string> } = { of: [], names: new Set() };
  #names: ReadonlySet<string> = new Set();
  /** Names that are not code. */
  readonly #others = new Set<string>();
  #factsByName: ReadonlyMap<string, CodeFacts> = new Map();
  /** What was found in each function's source: only new definitions have to be examined at the next reading. */
  #sources: ReadonlyMap<string, Source> = new Map();
  #pattern: RegExp | undefined;
  /** As `#pattern`, for everything in a text. */
  #patternOfAll: RegExp | undefined;
  readonly #checks = new WeakMap<readonly Statement[], CodeCheck>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a text (UTF-8 read as latin1) must be analysed before it runs; usually the previous result. */
  mustAnalyse(asked: { readonly text: string }, look: CodeCheck): boolean {
    if (look.version !== this.version) this.#check(asked.text, look);
    return look.needs === 'look' || (look.needs === 'known' && this.isOld);
  }

  /** Whether it is time to check that the code has not changed; one statement does it for all. */
  get isOld(): boolean {
    return this.#now() - this.#renewedAtMs > ageMaxMs && !this.#isStale;
  }

  /** As `concerns`, for a text that differs from others only in literals, comments and layout: the result holds for all of them. */
  mustAnalyseSimilar({ text }: { readonly text: string }, statements: readonly Statement[]): boolean {
    const known = this.#checks.get(statements);
    const look = known ?? notChecked();
    if (known === undefined) this.#checks.set(statements, look);
    const isConcerned = this.mustAnalyse({ text }, look);
    if (!text.includes("'")) return isConcerned;
    // Literals may name code, too, and the next text has other literals.
    if (isConcerned) look.version = -1;
    return isConcerned || this.#pattern?.test(text) === true;
  }

  #check(text: string, look: CodeCheck): void {
    look.version = this.version;
    look.needs = this.#needsOf(text);
  }

  /** Something may have been defined. */
  stale(): void {
    this.#isStale = true;
    this.#defined++;
    this.version++;
  }

  #needsOf(text: string): Needs {
    if (this.#pattern?.test(text) === true || this.#readsUnread(text)) return 'look';
    const verb = verbOf(text);
    const callsNothing = verb !== undefined && !writers.has(verb) && !text.includes('(');
    const otherwise = reads.test(text) ? 'known' : 'nothing';
    if (callsNothing) return otherwise;
    if (verb === undefined && redefines.test(text)) return 'look';
    const names = namesIn(text, verb);
    if (names.size === 0) return otherwise;
    return this.#isStale || [...names].some((each) => !this.#knows(each)) ? 'look' : 'known';
  }

  /** What a text reads may be a view, or have policies, that have not been read yet. */
  #readsUnread(text: string): boolean {
    return this.#isStale && this.#isReadable && reads.test(text);
  }

  #knows(word: string): boolean {
    return this.#names.has(word) || this.#builtIn.names.has(word) || this.#others.has(word);
  }

  /** Whether a text defines code. */
  redefinedBy(text: string): boolean {
    return redefinesCode(text);
  }

  /** Whether the effects of a text can only be told after reading the catalogue. @param statements its statements, analysed */
  isUnknown({ text, statements }: RunText): boolean {
    if (this.#readsUnread(text)) return true;
    const names = [...namesIn(text)].filter((each) => this.#isStale || !this.#knows(each));
    if (statements === 'unread' || this.#isStale) return names.length > 0;
    const run = new Set(
      statements.flatMap((each) => [
        ...each.calls.map((call) => lowerLatin1Of(call.slice(call.lastIndexOf('.') + 1))),
        ...each.writes.map((relation) => lowerLatin1Of(relation.name)),
      ]),
    );
    let isUnknown = false;
    for (const each of names) {
      if (run.has(each)) isUnknown = true;
      else this.#remember(each);
    }
    return isUnknown;
  }

  #remember(word: string): void {
    if (this.#others.size >= namesMax) this.#others.clear();
    this.#others.add(word);
  }

  /** What a text may leave behind; undefined: nothing, as far as the code is known. */
  factsOf(text: string): CodeFacts | undefined {
    const words = new Set(this.#patternOfAll === undefined ? [] : text.toLowerCase().match(this.#patternOfAll));
    const facts = [...words].flatMap((word) => this.#factsByName.get(word) ?? this.#factsByName.get('*') ?? []);
    return words.size === 0 ? undefined : combined(facts);
  }

  /** Settings that code of this database changes. */
  get settings(): readonly string[] {
    return [...new Set([...this.#factsByName.values()].flatMap(({ settings }) => settings))];
  }

  // One reads it at a time.

  get isBeingRead(): boolean {
    return this.#waiting !== undefined;
  }

  /** A client that comes during a reading decides afterwards whether another one is necessary. */
  whenRead(then: () => void): void {
    this.#waiting?.push(then);
  }

  /** @returns the number of definitions that this reading will include */
  beginRead(): number {
    this.#waiting ??= [];
    this.#renewedAtMs = this.#now();
    return this.#defined;
  }

  endRead(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const then of waiting) {
      if (this.isBeingRead) this.whenRead(then);
      else then();
    }
  }

  /** The server does not answer, and will not soon. */
  refused(): void {
    this.#refusedAtMs = this.#now();
    this.#isReadable = false;
    this.version++;
  }

  get isRefused(): boolean {
    return this.#now() - this.#refusedAtMs < refusedForMs;
  }

  /** The code has not changed. @param asOf the value that `beginRead` returned */
  confirmed(asOf: number): void {
    this.#isReadable = true;
    this.#isStale = asOf !== this.#defined;
    this.version++;
  }

  /** The code has changed. @param asOf the value that `beginRead` returned */
  read(rows: CodeRows, asOf: number): void {
    this.#others.clear();
    const { builtIn } = rows;
    if (this.#builtIn.of !== builtIn) this.#builtIn = { of: builtIn, names: new Set(builtIn.map(lowerLatin1Of)) };
    this.#names = new Set([...rows.functions, ...rows.relations].map(lowerLatin1Of));
    this.#sources = new Map(rows.sources.map(([, source]) => [source, this.#sources.get(source) ?? sourceOf(source)]));
    this.#factsByName = factsByNameOf(rows, this.#sources);
    this.hasOtherNames = [...this.#factsByName.keys()].some((word) => /[\u0080-\u00ff]/.test(word));
    this.#pattern = patternOf([...this.#factsByName.keys()]);
    this.#patternOfAll = this.#pattern && new RegExp(this.#pattern, 'g');
    this.confirmed(asOf);
  }

  /** A table that is written to and unknown is a temporary one. */
  rememberTemporaryTables(text: string): void {
    for (const [, relation = ''] of text.matchAll(writes)) this.#remember(lastPart(relation));
  }
}

function combined(facts: readonly CodeFacts[]): CodeFacts {
  return {
    settings: [...new Set(facts.flatMap(({ settings }) => settings))],
    isOpaque: facts.some(({ isOpaque }) => isOpaque),
    deallocates: facts.some(({ deallocates }) => deallocates),
    leavesProcessState: facts.some(({ leavesProcessState }) => leavesProcessState),
  };
}

/** Names that a text may call or write to, without well-known ones. */
function namesIn(text: string, verb = verbOf(text)): Set<string> {
  const names = new Set<string>();
  const add = (word: string): void => {
    const folded = word.toLowerCase();
    if (!keywords.has(folded) && volatilityOf(folded) === 'unknown') names.add(folded);
  };
  if (text.includes('(')) addCalls(text, add);
  if (verb !== undefined && !writers.has(verb)) return names;
  if (verb !== undefined && verb !== 'copy') {
    // What it writes to comes first.
    names.add(lastPart(firstWrite.exec(text)?.[1] ?? ''));
  } else for (const [, relation = ''] of text.matchAll(writes)) names.add(lastPart(relation));
  names.delete('');
  return names;
}

function addCalls(text: string, add: (word: string) => void): void {
  if (text.length <= commentsMax && (text.includes('/*') || text.includes('--'))) {
    for (const [, word = ''] of text.matchAll(calls)) add(word);
    return;
  }
  for (let at = text.indexOf('('); at >= 0; at = text.indexOf('(', at + 1)) {
    let end = at;
    while (end > 0 && text.charCodeAt(end - 1) <= space) end--;
    if (text.charCodeAt(end - 1) === doubleQuote) end--;
    let start = end;
    while (start > 0 && isNamePart(text.charCodeAt(start - 1))) start--;
    if (start < end) add(text.slice(start, end));
  }
}

const space = 0x20;
const doubleQuote = 0x22;

function isNamePart(code: number): boolean {
  if (code >= 0x80 || code === 0x5f || code === 0x24) return true;
  if (code >= 0x30 && code <= 0x39) return true;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function lastPart(relation: string): string {
  return relation
    .slice(relation.lastIndexOf('.') + 1)
    .replaceAll(/["\s]/g, '')
    .toLowerCase();
}

interface Source {
  readonly words: readonly string[];
  readonly facts: CodeFacts | undefined;
}

const sourceOf = (source: string): Source => ({
  words: [...new Set(lowerLatin1Of(source).match(new RegExp(name, 'g')))],
  facts: codeFacts(source),
});

/** By name: code that leaves state behind itself, and what reaches it. */
function factsByNameOf({ sources, uses }: CodeRows, found: ReadonlyMap<string, Source>): Map<string, CodeFacts> {
  const leaving = new Map<string, CodeFacts>();
  const waiting: string[] = [];
  const add = (word: string, facts: CodeFacts): void => {
    const known = leaving.get(word);
    const all = known === undefined ? facts : combined([known, facts]);
    if (known !== undefined && isDeepStrictEqual(known, all)) return;
    leaving.set(word, all);
    waiting.push(word);
  };
  const users = new Map<string, string[]>();
  const use = (user: string, used: string): void => {
    const known = users.get(used);
    if (known === undefined) users.set(used, [user]);
    else known.push(user);
  };
  for (const [user, used] of uses) use(lowerLatin1Of(user), lowerLatin1Of(used));
  for (const [called, source] of sources) {
    const { words = [], facts } = found.get(source) ?? {};
    const user = lowerLatin1Of(called);
    for (const word of words) use(user, word);
    if (facts !== undefined) add(user, facts);
  }
  for (let word = waiting.pop(); word !== undefined; word = waiting.pop()) {
    const facts = leaving.get(word);
    for (const user of users.get(word) ?? []) if (facts !== undefined) add(user, facts);
  }
  return leaving;
}

/** Undefined: there is nothing to look for. */
function patternOf(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined;
  const isAnything = words.includes('*') || words.length > wordsMax;
  const escaped = words.map((word) => word.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
  const run = String.raw`execute`; // of a statement that SQL has prepared with one of them in it
  return new RegExp(
    isAnything ? '[a-z]+' : `(?<![\\w$\\x80-\\xff])(?:${[...escaped, run].join('|')})(?![\\w$\\x80-\\xff])`,
    'i',
  );
}
