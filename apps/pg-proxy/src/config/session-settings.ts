import { millisecondsOf } from '@medrex/sql';
import { sessionSettings, statementSettings, type SessionSettings, type StatementSettings } from './scoped-settings.ts';

/** The prefix in `SET pgproxy.*` and in hints. */
export const settingPrefix = 'pgproxy.';

type Read = { readonly name: string; readonly value: unknown } | { readonly problem: string };
type Schemas = Readonly<Record<string, { safeParse(value: unknown): { readonly success: boolean } }>>;

/** `query_timeout` for `queryTimeoutMs`, and so on. */
const wordOf = (name: string): string =>
  name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function read(schemas: Schemas, word: string, text: string): Read {
  const name = Object.keys(schemas).find((one) => wordOf(one) === word);
  const schema = name === undefined ? undefined : schemas[name];
  if (name === undefined || schema === undefined) {
    const known = Object.keys(schemas).map((one) => settingPrefix + wordOf(one));
    return { problem: `there is no setting "${settingPrefix}${word}"; there are ${known.join(', ')}` };
  }
  const value = name.endsWith('Ms') ? millisecondsOf(text) : text;
  if (value !== undefined && schema.safeParse(value).success) return { name, value };
  return { problem: `invalid value for "${settingPrefix}${word}"` };
}

/** A PostgreSQL timeout set by a session, in ms; 0: not set. */
export function timeoutOf(
  settings: ReadonlyMap<string, string>,
  name: 'idle_session_timeout' | 'statement_timeout',
): number {
  const text = settings.get(name);
  return text === undefined ? 0 : (millisecondsOf(text) ?? 0);
}

/** What is wrong with a session's setting, by its full name; undefined: nothing, or it is not one of the proxy's. */
export function problemOfSetting(name: string, value: string | undefined): string | undefined {
  if (!name.startsWith(settingPrefix) || value === undefined) return undefined;
  const setting = read(sessionSettings.shape, name.slice(settingPrefix.length), value);
  return 'problem' in setting ? setting.problem : undefined;
}

/** The proxy settings that a client's session has set; invalid ones are left out. */
export function sessionSettingsOf(settings: ReadonlyMap<string, string>): SessionSettings | undefined {
  let found: Record<string, unknown> | undefined;
  for (const [name, text] of settings) {
    if (!name.startsWith(settingPrefix)) continue;
    const setting = read(sessionSettings.shape, name.slice(settingPrefix.length), text);
    if (!('problem' in setting)) found = { ...found, [setting.name]: setting.value };
  }
  return found;
}

const first = /^\s*\/\*((?:[^*]|\*(?!\/))*)\*\//;
const last = /\/\*((?:[^*/]|\*(?!\/)|\/(?!\*))*)\*\/[\s;]*$/;
const pair = /\bpgproxy\.(\w+)\s*=\s*(?:'([^']*)'|([\w.%]+))/g;

/**
 * The hints of a statement, in a comment at its beginning or end: `/* pgproxy.query_timeout=5s *\/`, or quoted and encoded as by
 * sqlcommenter. Invalid ones are left out, because other comments look alike.
 */
export function hintsOf(text: string): StatementSettings {
  if (!text.includes(settingPrefix)) return {};
  const comments = [first.exec(text)?.[1] ?? '', last.exec(text.slice(-8_192))?.[1] ?? ''].join('\n');
  const found: Record<string, unknown> = {};
  for (const [, word = '', quoted, bare] of comments.matchAll(pair)) {
    const setting = read(statementSettings.shape, word, decoded(quoted ?? bare ?? ''));
    if (!('problem' in setting)) found[setting.name] = setting.value;
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
