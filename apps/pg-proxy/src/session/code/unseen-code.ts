import { isDeepStrictEqual } from 'node:util';
import { codeFacts, volatilityOf, type CodeFacts, type Statement } from '@medrex/sql';
import { latin1Of } from '../left-behind/letters.ts';
import { CodeCatalogue, type CodeRows } from './code-catalogue.ts';

/** What became of a text, for as long as `version` is that of the code. */
export interface CodeLook {
  version: number;
  needs: Needs;
}

/** `nothing` is run in it, read or written; `known`: nothing of it leaves anything, as far as the code is known; `look`: some may. */
type Needs = 'nothing' | 'known' | 'look';

/** A text with its statements, by the grammar. */
export interface RunText {
  /** As latin1. */
  readonly text: string;
  readonly statements: readonly Statement[] | 'unread';
}

export const notLooked = (): CodeLook => ({ version: -1, needs: 'look' });

/** What somebody else defines at the server is seen within so long. */
const ageMaxMs = 5_000;
/** A server that has refused to say what there is is not asked again for so long. */
const refusedForMs = 60_000;
/** In longer texts comments between a name and its bracket are not looked for. */
const commentsMax = 16 * 1024;
/** Names that are no code's, and that are remembered. */
const namesMax = 20_000;
/** More of them, and every statement is looked at that calls or writes something. */
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
/** The first of them: a pattern that is global remembers where it was. */
const firstWrite = new RegExp(writes.source, 'i');
/** What stands before a bracket and is no call. */
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
/** Behind these anything may be written, or defined. */
const holders: ReadonlySet<string> = new Set(['with', 'explain', 'create', 'alter', 'do', 'prepare']);
const writers: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy', 'truncate']);

/** The verb of a text that is one statement and cannot hold others; undefined where it may be anything. */
function verbOf(text: string): string | undefined {
  const end = text.indexOf(';');
  if (end >= 0 && end < text.length - 1) return undefined;
  const verb = firstWord.exec(text)?.[1]?.toLowerCase();
  return verb === undefined || holders.has(verb) ? undefined : verb;
}

const redefinesCode = (text: string): boolean => verbOf(text) === undefined && redefines.test(text);

const lowerLatin1Of = (text: string): string => latin1Of(text).toLowerCase();

/**
 * What functions, procedures, triggers, views and policies of one database may leave behind in a session, as far as its catalogue tells
 * it: the sources of all of them, and what reaches them. It is read at the first statement that reads, calls or writes something, at one
 * that calls or writes what nobody knows, after DDL, and when it is old.
 */
export class UnseenCode {
  /** Grows when a text that was looked at means something else. */
  version = 0;
  /** Some of what leaves something is named by more than ASCII. */
  hasOtherNames = false;
  /** What it said last. */
  readonly catalogue = new CodeCatalogue();
  /** When somebody was last chosen to find out whether it still does. */
  #renewedAtMs = -Infinity;
  #refusedAtMs = -Infinity;
  /** The server says what there is, as far as anybody knows. */
  #isReadable = true;
  #isStale = true;
  /** How often something may have been defined. */
  #defined = 0;
  /** Those that wait for what somebody else is reading; undefined: nobody is. */
  #waiting: (() => void)[] | undefined;
  #builtIn: { readonly of: readonly string[]; readonly names: ReadonlySet<string> } = { of: [], names: new Set() };
  #names: ReadonlySet<string> = new Set();
  /** Names that are none of code. */
  readonly #others = new Set<string>();
  #leaving: ReadonlyMap<string, CodeFacts> = new Map();
  /** What was found in each text of a function: all but what was defined since is found already when it is read again. */
  #sources: ReadonlyMap<string, Source> = new Map();
  #pattern: RegExp | undefined;
  /** As `#pattern`, of all that there is in a text. */
  #patternOfAll: RegExp | undefined;
  readonly #looks = new WeakMap<readonly Statement[], CodeLook>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a text, as latin1, must be looked at before it runs; mostly that is what was found the last time. */
  concerns(asked: { readonly text: string }, look: CodeLook): boolean {
    if (look.version !== this.version) this.#look(asked.text, look);
    return look.needs === 'look' || (look.needs === 'known' && this.isOld);
  }

  /** Whether it is time to find out whether the code is still what it was: one statement does. */
  get isOld(): boolean {
    return this.#now() - this.#renewedAtMs > ageMaxMs && !this.#isStale;
  }

  /**
   * As `concerns`, of a text that differs from others with the same statements in nothing but literals, comments and layout: what is
   * found is found for all of them.
   */
  concernsLike({ text }: { readonly text: string }, statements: readonly Statement[]): boolean {
    const known = this.#looks.get(statements);
    const look = known ?? notLooked();
    if (known === undefined) this.#looks.set(statements, look);
    const isConcerned = this.concerns({ text }, look);
    if (!text.includes("'")) return isConcerned;
    // Literals may name code, too, and those of the next text will be others.
    if (isConcerned) look.version = -1;
    return isConcerned || this.#pattern?.test(text) === true;
  }

  #look(text: string, look: CodeLook): void {
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

  /** What a text reads may be a view, or have policies, that nobody has seen. */
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

  /** Whether what a text runs can be told only when the catalogue has been read. @param statements of it, by the grammar */
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
  leftBy(text: string): CodeFacts | undefined {
    const words = new Set(this.#patternOfAll === undefined ? [] : text.toLowerCase().match(this.#patternOfAll));
    const facts = [...words].flatMap((word) => this.#leaving.get(word) ?? this.#leaving.get('*') ?? []);
    return words.size === 0 ? undefined : together(facts);
  }

  /** Of the settings that code of this database sets. */
  get settings(): readonly string[] {
    return [...new Set([...this.#leaving.values()].flatMap(({ settings }) => settings))];
  }

  // One reads it at a time.

  get isBeingRead(): boolean {
    return this.#waiting !== undefined;
  }

  /** Who comes while it is being read looks again then whether it still must be. */
  whenRead(then: () => void): void {
    this.#waiting?.push(then);
  }

  /** @returns what was defined by now, and will have been seen */
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

  /** The server does not say what there is, and will not in a moment. */
  refused(): void {
    this.#refusedAtMs = this.#now();
    this.#isReadable = false;
    this.version++;
  }

  get isRefused(): boolean {
    return this.#now() - this.#refusedAtMs < refusedForMs;
  }

  /** It is still what it was. @param asOf as `beginRead` has said */
  confirmed(asOf: number): void {
    this.#isReadable = true;
    this.#isStale = asOf !== this.#defined;
    this.version++;
  }

  /** It is another one. @param asOf as `beginRead` has said */
  read(rows: CodeRows, asOf: number): void {
    this.#others.clear();
    const { builtIn } = rows;
    if (this.#builtIn.of !== builtIn) this.#builtIn = { of: builtIn, names: new Set(builtIn.map(lowerLatin1Of)) };
    this.#names = new Set([...rows.functions, ...rows.relations].map(lowerLatin1Of));
    this.#sources = new Map(rows.sources.map(([, source]) => [source, this.#sources.get(source) ?? sourceOf(source)]));
    this.#leaving = leavingOf(rows, this.#sources);
    this.hasOtherNames = [...this.#leaving.keys()].some((word) => /[\u0080-\u00ff]/.test(word));
    this.#pattern = patternOf([...this.#leaving.keys()]);
    this.#patternOfAll = this.#pattern && new RegExp(this.#pattern, 'g');
    this.confirmed(asOf);
  }

  /** What is written to and not there is nobody else's: a temporary table. */
  rememberWritten(text: string): void {
    for (const [, relation = ''] of text.matchAll(writes)) this.#remember(lastPart(relation));
  }
}

function together(facts: readonly CodeFacts[]): CodeFacts {
  return {
    settings: [...new Set(facts.flatMap(({ settings }) => settings))],
    isOpaque: facts.some(({ isOpaque }) => isOpaque),
    deallocates: facts.some(({ deallocates }) => deallocates),
    spends: facts.some(({ spends }) => spends),
  };
}

/** Names that a text may call, or write to; not those that everybody knows. */
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

/** By name: what leaves something itself, and what reaches it. */
function leavingOf({ sources, uses }: CodeRows, found: ReadonlyMap<string, Source>): Map<string, CodeFacts> {
  const leaving = new Map<string, CodeFacts>();
  const waiting: string[] = [];
  const add = (word: string, facts: CodeFacts): void => {
    const known = leaving.get(word);
    const all = known === undefined ? facts : together([known, facts]);
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
