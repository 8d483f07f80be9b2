import { typeOids } from '@medrex/pg-wire';
import { booleanOf, type AskedSetting, type AskedSettings, type SessionEffect, type Value } from '@medrex/sql';
import { textOfParameter, type BoundParameter } from '../values/parameter-values.ts';
import type { Plan } from './plan.ts';
import type { SessionContext } from './session-context.ts';
import { SessionFault } from './session-fault.ts';
import { parameterName } from './session-settings.ts';

type SessionPlan = Extract<Plan, { kind: 'session' }>;

/** The answer to a session statement. */
export interface SessionAnswer {
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly tag: string;
}

const showForm = /^\s*(?:--[^\n]*\n|\/\*.*?\*\/|\s)*show\s+("?[\w.]+"?(?:\s+\w+)*)\s*;?\s*$/is;

/** Runs SET, RESET, SHOW, DISCARD and the like, without IRIS. @throws SessionFault */
export function runSession(
  { settings, user }: SessionContext,
  { statement, text, asked }: SessionPlan,
  parameters: readonly BoundParameter[],
): SessionAnswer {
  const shown = showForm.exec(text)?.[1];
  if (shown !== undefined) return show(settings, shown.replaceAll('"', ''));
  if (asked !== undefined) return selectSettings(settings, asked, parameters);
  for (const effect of statement.effects) apply(settings, user, effect, parameters);
  return { tag: statement.command };
}

/** The columns of the answer of `runSession`. */
export function columnsOfSession({ text, asked }: SessionPlan): readonly string[] | undefined {
  const shown = showForm.exec(text)?.[1];
  if (shown !== undefined)
    return shown.toLowerCase() === 'all' ? allColumns : [parameterName(shown.replaceAll('"', ''))];
  return asked?.columns.map(({ label }) => label);
}

const allColumns = ['name', 'setting', 'description'];
function show(settings: SessionContext['settings'], name: string): SessionAnswer {
  if (name.toLowerCase() === 'all')
    return { columns: allColumns, rows: settings.all().map(([each, value]) => [each, value, '']), tag: 'SHOW' };
  const value = settings.get(name);
  if (value === undefined) throw new SessionFault('42704', `unrecognized configuration parameter "${name}"`);
  return { columns: [parameterName(name)], rows: [[value]], tag: 'SHOW' };
}

/** Evaluates a SELECT of current_setting and set_config from left to right. */
function selectSettings(
  settings: SessionContext['settings'],
  { columns, among }: AskedSettings,
  parameters: readonly BoundParameter[],
): SessionAnswer {
  const labels = columns.map(({ label }) => label);
  if (among !== undefined && settings.get(among) === undefined) return { columns: labels, rows: [], tag: 'SELECT 0' };
  const row = columns.map(({ name: told, change, isOptional, isTested }) => {
    const name = textOf(told, parameters);
    const value = change === undefined ? settings.get(name) : changed(settings, name, change, parameters);
    if (value === undefined && !isOptional)
      throw new SessionFault('42704', `unrecognized configuration parameter "${name}"`);
    return isTested ? (value === undefined ? 't' : 'f') : (value ?? null);
  });
  return { columns: labels, rows: [row], tag: 'SELECT 1' };
}

/** Runs set_config and returns the new value. */
function changed(
  settings: SessionContext['settings'],
  name: string,
  { value, isLocal: told }: NonNullable<AskedSetting['change']>,
  parameters: readonly BoundParameter[],
): string {
  if (value !== undefined)
    return settings.set(name, textOf(value, parameters), booleanOf(textOf(told, parameters)) === true);
  settings.reset(name);
  return settings.get(name) ?? '';
}

/** OIDs of the parameters of such a SELECT. */
export function parametersOfSession({ asked }: SessionPlan, declared: readonly number[]): readonly number[] {
  const types: number[] = [];
  const note = (value: Value | undefined, type: number): void => {
    if (value !== undefined && 'parameter' in value) types[value.parameter - 1] ??= type;
  };
  for (const { name, change } of asked?.columns ?? []) {
    note(name, typeOids.text.oid);
    note(change?.value, typeOids.text.oid);
    note(change?.isLocal, typeOids.bool.oid);
  }
  return Array.from({ length: Math.max(types.length, declared.length) }, (_, at) => declared[at] || (types[at] ?? 0));
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
  else throw new SessionFault('0A000', `${describedAs[effect.kind] ?? effect.kind} is not supported on IRIS`);
}

const describedAs: Readonly<Record<string, string>> = {
  listen: 'LISTEN',
  role: 'SET ROLE',
  authorization: 'SET SESSION AUTHORIZATION',
  load: 'LOAD',
};

function isHarmless(effect: SessionEffect, user: string): boolean {
  if (effect.kind === 'role') return [undefined, 'none', user].includes(effect.role);
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
