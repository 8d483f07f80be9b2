import type { Node, SelectStmt } from 'libpg-query';
import { bodyOf, namesOf } from './ast.ts';
import { unknownTextFacts } from './code-facts.ts';
import { unlockFunctions } from './known-functions.ts';
import type { SessionEffect } from './session-effect.ts';

/**
 * Marks the effects of function calls that may not run as uncertain. Only calls that are columns of a SELECT without FROM, or in its
 * condition, are certain to run; others may not (no row, an untaken branch, an unused WITH query), so the server must be asked.
 */
export function certainEffects(statement: Node, effects: readonly SessionEffect[]): readonly SessionEffect[] {
  const called = effects.filter(({ kind }) => kind === 'set' || kind === 'unlock' || kind === 'unlockAll');
  return called.length === directCalls(statement) ? effects : effects.flatMap(uncertain);
}

function uncertain(effect: SessionEffect): readonly SessionEffect[] {
  if (effect.kind === 'unlock' || effect.kind === 'unlockAll') return [{ kind: 'code', ...unknownTextFacts }];
  if (effect.kind !== 'set' || effect.isLocal === true) return [effect];
  return 'text' in effect.name ? [{ ...effect, isUncertain: true }] : [{ kind: 'opaque', what: 'set_config' }];
}

const stateChangingFunctions: ReadonlySet<string> = new Set(['set_config', ...unlockFunctions]);

function directCalls(statement: Node): number {
  const select = bodyOf(statement, 'SelectStmt');
  if (select !== undefined) return isPlain(select) ? (select.targetList ?? []).filter(isChangingCall).length : 0;
  const inner = (bodyOf(statement, 'PrepareStmt') ?? bodyOf(statement, 'ExplainStmt'))?.query;
  return inner === undefined ? 0 : directCalls(inner);
}

const isPlain = (select: SelectStmt): boolean =>
  Object.keys(select).every((name) => ['targetList', 'limitOption', 'op'].includes(name)) &&
  (select.op ?? 'SETOP_NONE') === 'SETOP_NONE';

function isChangingCall(target: Node): boolean {
  let value = bodyOf(target, 'ResTarget')?.val;
  while (bodyOf(value, 'TypeCast') !== undefined) value = bodyOf(value, 'TypeCast')?.arg;
  const words = namesOf(bodyOf(value, 'FuncCall')?.funcname);
  return stateChangingFunctions.has(words.at(-1) ?? '') && (words.length === 1 || words[0] === 'pg_catalog');
}
