import { booleanOf, type SessionEffect, type Statement, type Value } from '@medrex/sql';
import { textOfParameter, type BoundParameter } from '../values/parameter-values.ts';
import type { SessionContext } from './session-context.ts';
import { SessionFault } from './session-fault.ts';
import { parameterName } from './session-settings.ts';

/** What a statement of the session answers. */
export interface SessionAnswer {
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly string[])[];
  readonly tag: string;
}

const showForm = /^\s*(?:--[^\n]*\n|\/\*.*?\*\/|\s)*show\s+("?[\w.]+"?(?:\s+\w+)*)\s*;?\s*$/is;

/** SET, RESET, SHOW, DISCARD and their relatives: IRIS has no part in them. @throws SessionFault */
export function runSession(
  { settings, user }: SessionContext,
  statement: Statement,
  text: string,
  parameters: readonly BoundParameter[],
): SessionAnswer {
  const shown = showForm.exec(text)?.[1];
  if (shown !== undefined) return show(settings, shown.replaceAll('"', ''));
  if (statement.kind === 'select') return selectConfig(settings, statement, parameters);
  for (const effect of statement.effects) apply(settings, user, effect, parameters);
  return { tag: statement.command };
}

/** Columns of what `runSession` answers, before it is run. */
export function columnsOfSession(statement: Statement, text: string): readonly string[] | undefined {
  const shown = showForm.exec(text)?.[1];
  if (shown !== undefined)
    return shown.toLowerCase() === 'all' ? allColumns : [parameterName(shown.replaceAll('"', ''))];
  return statement.kind === 'select' ? statement.effects.map(() => 'set_config') : undefined;
}

const allColumns = ['name', 'setting', 'description'];
function show(settings: SessionContext['settings'], name: string): SessionAnswer {
  if (name.toLowerCase() === 'all')
    return { columns: allColumns, rows: settings.all().map(([each, value]) => [each, value, '']), tag: 'SHOW' };
  const value = settings.get(name);
  if (value === undefined) throw new SessionFault('42704', `unrecognized configuration parameter "${name}"`);
  return { columns: [parameterName(name)], rows: [[value]], tag: 'SHOW' };
}

function selectConfig(
  settings: SessionContext['settings'],
  { effects }: Statement,
  parameters: readonly BoundParameter[],
): SessionAnswer {
  const row = effects.map((effect) => {
    if (effect.kind !== 'set') return '';
    const name = textOf(effect.name, parameters);
    settings.set(name, textOf(effect.value, parameters), isLocal(effect, parameters));
    return settings.get(name) ?? '';
  });
  return { columns: effects.map(() => 'set_config'), rows: [row], tag: 'SELECT 1' };
}

function apply(
  settings: SessionContext['settings'],
  user: string,
  effect: SessionEffect,
  parameters: readonly BoundParameter[],
): void {
  if (effect.kind === 'set')
    settings.set(textOf(effect.name, parameters), textOf(effect.value, parameters), isLocal(effect, parameters));
  else if (effect.kind === 'reset') settings.reset(effect.name);
  else if (effect.kind === 'resetAll') settings.resetAll();
  else if (effect.kind === 'discard') {
    if (effect.target === 'all') settings.resetAll();
  } else if (isHarmless(effect, user)) return;
  else throw new SessionFault('0A000', `${describedAs[effect.kind] ?? effect.kind} is nothing that IRIS has`);
}

const describedAs: Readonly<Record<string, string>> = {
  listen: 'LISTEN',
  role: 'SET ROLE',
  authorization: 'SET SESSION AUTHORIZATION',
  load: 'LOAD',
};

function isHarmless(effect: SessionEffect, user: string): boolean {
  if (effect.kind === 'role') return effect.role === undefined || effect.role === user;
  if (effect.kind === 'authorization') return effect.user === undefined || effect.user === user;
  return effect.kind === 'unlisten';
}

function isLocal(
  { isLocal: told }: Extract<SessionEffect, { kind: 'set' }>,
  parameters: readonly BoundParameter[],
): boolean {
  return typeof told === 'boolean' ? told : booleanOf(textOf(told, parameters)) === true;
}

function textOf(value: Value | undefined, parameters: readonly BoundParameter[]): string {
  if (value === undefined) throw new SessionFault('0A000', 'a computed value of a parameter');
  if ('text' in value) return value.text;
  const parameter = parameters[value.parameter - 1];
  return parameter === undefined ? '' : (textOfParameter(parameter) ?? '');
}
