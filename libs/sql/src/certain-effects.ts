import type { Node, SelectStmt } from 'libpg-query';
import { bodyOf, namesOf } from './ast.ts';
import type { SessionEffect } from './session-effect.ts';

/**
 * What calls leave behind, by whether they run: those that are a column of a SELECT without FROM or a condition do. Any other may not (a row that
 * is not there, a branch, WITH that nobody reads), and what it would have set or given back the server is asked for.
 */
export function certainEffects(statement: Node, effects: readonly SessionEffect[]): readonly SessionEffect[] {
  const changing = effects.filter(isChanging);
  return changing.length <= directCalls(statement) ? effects : effects.flatMap(doubted);
}

const isChanging = (effect: SessionEffect): boolean =>
  (effect.kind === 'set' && !effect.isLocal) || effect.kind === 'unlock' || effect.kind === 'unlockAll';

function doubted(effect: SessionEffect): readonly SessionEffect[] {
  if (!isChanging(effect)) return [effect];
  if (effect.kind !== 'set') return [{ kind: 'code', settings: [], isOpaque: false }];
  return 'text' in effect.name ? [{ ...effect, isUncertain: true }] : [{ kind: 'opaque', what: 'set_config' }];
}

const changing: ReadonlySet<string> = new Set([
  'set_config',
  'pg_advisory_unlock',
  'pg_advisory_unlock_shared',
  'pg_advisory_unlock_all',
]);

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
  return changing.has(namesOf(bodyOf(value, 'FuncCall')?.funcname).at(-1) ?? '');
}
