import type { SessionEffect, Statement } from '@medrex/sql';
import { setEach, type Settings } from './settings.ts';
import type { TrackedText } from './tracked-text.ts';

/** Which start-up settings a statement resets to the server's defaults, and for how long. */
export interface ResetSettings {
  readonly settings: Settings;
  readonly isLocal: boolean;
}

/**
 * A text in which each RESET is followed by statements that restore what it resets: on a shared backend RESET returns to the server's idea
 * of the session's start.
 */
export interface RewrittenText {
  /** UTF-8 read as latin1. */
  readonly text: string;
  /** Indexes of the statements that the proxy added. */
  readonly added: ReadonlySet<number>;
  /** Maps a position in this text to one in the client's text; both count from 1. */
  readonly positionOf: (position: number) => number;
}

/** RESET ALL does not change these. */
const keptByResetAll = /^(?:role|session_authorization|seed|transaction_.*)$/;

/** Whether it resets a single setting, with those that depend on it. */
export const isReset = (effect: SessionEffect): boolean => namesReset(effect).length > 0;

/** @param startup the start-up settings */
export function settingsResetBy({ effects }: Statement, startup: Settings): ResetSettings | undefined {
  const isAll = effects.some(({ kind }) => kind === 'resetAll');
  const isNew = effects.some((effect) => effect.kind === 'discard' && effect.target === 'all');
  const one = effects.find(isReset);
  const names = one === undefined ? [] : namesReset(one);
  const isLost = (name: string): boolean => isNew || (isAll && !keptByResetAll.test(name)) || names.includes(name);
  const settings = new Map([...startup].filter(([name]) => isLost(name)));
  const isLocal = one !== undefined && 'isLocal' in one && one.isLocal === true;
  return settings.size === 0 ? undefined : { settings, isLocal };
}

/** The settings that a RESET of one name changes. */
function namesReset(effect: SessionEffect): readonly string[] {
  if (effect.kind === 'reset') return [effect.name.toLowerCase()];
  if (effect.kind === 'role' && effect.role === undefined) return ['role'];
  return effect.kind === 'authorization' && effect.user === undefined ? ['session_authorization', 'role'] : [];
}

/** A SET LOCAL alone in its message: outside of a block it has no effect, and the server warns. */
export function isLocalAlone({ statements }: TrackedText, startup: Settings): boolean {
  const [statement] = statements === 'unread' || statements.length > 1 ? [] : statements;
  return statement !== undefined && settingsResetBy(statement, startup)?.isLocal === true;
}

/** In UTF-8 (read as latin1 here), every byte that does not start a character continues one. */
const charactersIn = (text: string): number => text.replaceAll(/[\x80-\xBF]/g, '').length;

/**
 * Undefined: nothing is lost. A statement that must be alone in its text (DISCARD ALL) is left as it is.
 *
 * @param text UTF-8 read as latin1
 */
export function rewriteResets(text: string, watched: TrackedText, startup: Settings): RewrittenText | undefined {
  const { statements, ranges, mayReset } = watched;
  if (statements === 'unread' || mayReset || startup.size === 0) return undefined;
  const added = new Set<number>();
  const shifts: { readonly from: number; readonly by: number }[] = [];
  let [written, at, by] = ['', 0, 0];
  statements.forEach((statement, index) => {
    const lost = statement.isOutsideBlocksOnly ? undefined : settingsResetBy(statement, startup);
    if (lost === undefined) return;
    // Its own end may be within a comment.
    const end = ranges[index + 1]?.start;
    const sets = setEach(lost.settings, lost.isLocal);
    const more = end === undefined ? `\n;${sets.join(';')}` : `${sets.join(';')};`;
    written += text.slice(at, end) + more;
    at = end ?? text.length;
    by += charactersIn(more);
    shifts.push({ from: charactersIn(written), by });
    const first = index + added.size + 1;
    sets.forEach((_, place) => added.add(first + place));
  });
  if (added.size === 0) return undefined;
  const positionOf = (position: number): number => position - (shifts.findLast(({ from }) => position > from)?.by ?? 0);
  return { text: written + text.slice(at), added, positionOf };
}
