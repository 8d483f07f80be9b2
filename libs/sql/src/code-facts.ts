import { opaqueFunctions } from './known-functions.ts';
import { seedName } from './session-effect.ts';

/** What code that is not parsed (of a function or DO block) may leave behind in its session. */
export interface CodeFacts {
  /** Names of custom settings that it may set; pg_settings does not list these. */
  readonly settings: readonly string[];
  /** It may leave state that cannot be queried from the server afterwards. */
  readonly isOpaque: boolean;
  /** It may deallocate prepared statements. */
  readonly deallocates: boolean;
  /** It may leave state in the backend process that DISCARD ALL does not remove. */
  readonly leavesProcessState: boolean;
}

/** Facts of code that leaves only state that the server can show. */
export const unknownTextFacts: CodeFacts = {
  settings: [],
  isOpaque: false,
  deallocates: false,
  leavesProcessState: false,
};

const comments = /('(?:[^']|'')*')|--[^\n]*|\/\*[^]*?\*\//g;
/** Words of code that may leave state that the server can show. */
const queryableStatePattern =
  /\b(?:reset|discard|listen|unlisten|prepare|deallocate|pg_temp|set_config)\b|\b(?:create|into)\s+(?:or\s+replace\s+)?(?:(?:global|local)\s+)?temp(?:orary)?\b|\bpg_(?:try_)?advisory_(?:un)?lock|\bwith\s+hold\b/i;
/** SET as a statement (in code or in a string, not within UPDATE, ALTER or a foreign key), with the next word. */
const setStatement =
  /(^|[;'"$>]|\b(?:begin|then|else|loop|as|atomic)\b)\s*set\s+(?:(session)\s+)?(?!session\b)([^\s=;]+)/gi;
const settingName = /^[a-z_][\w$]*(?:\.[a-z_][\w$]*)*$/i;
/** Words after SET that affect only the transaction. */
const localWords = /^(?:local|transaction|constraints)$/i;
const shownWords = /^(?:role|authorization|characteristics|time|schema|names|xml)$/i;
const dynamicSql = /\bexecute\s+(?!function\b|procedure\b)(\w*\s*\(?\s*e?')?/gi;
const verbs =
  /'\s*(?:select|insert|update|delete|merge|with|create|alter|drop|truncate|copy|analyze|vacuum|refresh|grant|revoke|comment|lock|notify|call|set|reset|do)\b/i;
const deallocatePattern = /\bdeallocate\b/i;
/** The connections of dblink stay open in the process. */
const processStatePattern = /\bdblink_connect/i;
/** Data that functions of PL/Perl, PL/Python and PL/Tcl share within a process. */
const sharedData = /[$%]_SHARED\b|\bGD\s*[[(.]/;
const opaqueCall = new RegExp(`\\b(?:${[...opaqueFunctions].join('|')})\\s*\\(|(?:^|;|\\bbegin)\\s*load\\s`, 'i');

/** Judges code by its words; in doubt it leaves something behind. Undefined: it leaves nothing. */
export function codeFacts(source: string): CodeFacts | undefined {
  const code = source.replaceAll(comments, (_, text: string | undefined) => text ?? ' ');
  const settings = new Set<string>();
  const sets = settingsOf(code, settings);
  const isShared = sharedData.test(code);
  const isOpaque = sets === 'opaque' || isShared || opaqueCall.test(code) || runsUnknownSql(code);
  // set_config that is local to the transaction leaves nothing.
  const isShown = queryableStatePattern.test(withoutLocal(code));
  if (!isOpaque && !isShown && sets !== 'some') return undefined;
  return {
    settings: [...settings],
    isOpaque,
    deallocates: deallocatePattern.test(code),
    leavesProcessState: isShared || processStatePattern.test(code),
  };
}

type Sets = 'none' | 'some' | 'opaque';

function settingsOf(code: string, settings: Set<string>): Sets {
  let sets: Sets = 'none';
  for (const { name, isLocal } of setConfigs(code)) {
    if (isLocal) continue;
    if (name === undefined || name === seedName) sets = 'opaque';
    else settings.add(name);
    if (sets === 'none') sets = 'some';
  }
  for (const [, , , word = ''] of code.matchAll(setStatement)) {
    if (localWords.test(word)) continue;
    const isKnown = (shownWords.test(word) || settingName.test(word)) && word.toLowerCase() !== seedName;
    if (!isKnown) sets = 'opaque';
    else if (word.includes('.')) settings.add(word.toLowerCase());
    if (sets === 'none') sets = 'some';
  }
  return sets;
}

const setConfigCall = /\bset_config\s*\(/gi;
const literalName = /^'+([\w.$]+)'+(?:\s*::\s*\w+)?$/;
const isTrue = /^(?:true|'+(?:t|true)'+)(?:\s*::\s*\w+)?$/i;

interface SetConfig {
  /** Undefined: unknown. */
  readonly name: string | undefined;
  readonly isLocal: boolean;
  readonly start: number;
  readonly end: number;
}

function* setConfigs(code: string): Generator<SetConfig> {
  for (const match of code.matchAll(setConfigCall)) {
    const from = match.index + match[0].length;
    const { words, end } = argumentsAt(code, from);
    const name = literalName.exec(words[0] ?? '')?.[1];
    const isLocal = words.length === 3 && isTrue.test(words[2] ?? '');
    yield { name: name?.toLowerCase(), isLocal, start: match.index, end };
  }
}

function withoutLocal(code: string): string {
  let rest = '';
  let from = 0;
  for (const { isLocal, start, end } of setConfigs(code)) {
    if (!isLocal || start < from) continue;
    rest += code.slice(from, start);
    from = end;
  }
  return rest + code.slice(from);
}

/** The arguments of a call, split at commas, up to the closing parenthesis. */
function argumentsAt(code: string, from: number): { words: string[]; end: number } {
  const words: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let start = from;
  for (let at = from; at < code.length; at++) {
    const letter = code[at];
    if (letter === "'") isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (letter === '(') depth++;
    const isEnd = letter === ')' && depth-- === 0;
    if (!isEnd && (letter !== ',' || depth > 0)) continue;
    words.push(code.slice(start, at).trim());
    start = at + 1;
    if (isEnd) return { words, end: at + 1 };
  }
  return { words: [], end: code.length };
}

/** Whether there is an EXECUTE of a text whose verb is not a literal in the code. */
function runsUnknownSql(code: string): boolean {
  for (const [, literal] of code.matchAll(dynamicSql)) if (literal === undefined && !verbs.test(code)) return true;
  return false;
}
