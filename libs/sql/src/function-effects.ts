import type { FuncCall, Node } from 'libpg-query';
import { bodyOf, constantText, isPlace, namesOf } from './ast.ts';
import { booleanOf } from './boolean-text.ts';
import { unknownTextFacts, codeFacts } from './code-facts.ts';
import {
  lockFunctions,
  opaqueFunctions,
  sequenceFunctions,
  sequenceReaders,
  textFunctions,
  unlockFunctions,
  volatilityOf,
} from './known-functions.ts';
import { seeded, seedName, type Expression, type LockKey, type SessionEffect, type Value } from './session-effect.ts';

/** What a call of a built-in function leaves behind in the session, whichever schema it is qualified by. */
export function functionEffects(name: string, schema: string | undefined, call: FuncCall): readonly SessionEffect[] {
  const args = call.args ?? [];
  if (textFunctions.has(name)) return args.flatMap(textEffects);
  if (schema !== undefined && schema !== 'pg_catalog' && !opaqueFunctions.has(name)) return [];
  const isShared = name.endsWith('_shared');
  if (lockFunctions.has(name)) return [{ kind: 'lock', key: lockKey(args, isShared), isAlone: false }];
  if (sequenceFunctions.has(name)) return [{ kind: 'sequence' }];
  if (sequenceReaders.has(name)) return [{ kind: 'sequenceAsked' }];
  if (opaqueFunctions.has(name)) return [{ kind: 'opaque', what: name }];
  switch (name) {
    case 'set_config':
      return setConfig(args);
    case 'pg_advisory_unlock_all':
      return [{ kind: 'unlockAll' }];
    case 'pg_prepared_statement':
      return [{ kind: 'shown', what: 'statements' }];
    default:
      return unlockFunctions.has(name) ? [{ kind: 'unlock', key: lockKey(args, isShared) }] : [];
  }
}

/** Effects of a function that runs an SQL text; if the text is computed, the server must be asked afterwards. */
function textEffects(arg: Node): readonly SessionEffect[] {
  const source = valueOf(arg);
  const facts = source !== undefined && 'text' in source ? codeFacts(source.text) : unknownTextFacts;
  return facts === undefined ? [] : [{ kind: 'code', ...facts }];
}

function setConfig([name, value, local]: readonly Node[]): readonly SessionEffect[] {
  const target = valueOf(name);
  if (target === undefined) return [{ kind: 'opaque', what: 'set_config' }];
  if ('text' in target && target.text.toLowerCase() === seedName) return [seeded];
  const set = { kind: 'set', name: target, value: valueOf(value) } as const;
  const localValue = valueOf(local);
  const isLocal = localValue === undefined || 'parameter' in localValue ? localValue : booleanOf(localValue.text);
  // How texts are read does not depend on a custom setting, so its value need not be known before the transaction ends.
  const isToBeAsked = set.value === undefined && isLocal !== true && 'text' in target && target.text.includes('.');
  if (isLocal !== undefined && !isToBeAsked) return [{ ...set, isLocal }];
  return 'text' in target ? [{ ...set, isLocal: false, isUncertain: true }] : [{ kind: 'opaque', what: 'set_config' }];
}

function lockKey(args: readonly Node[], isShared: boolean): LockKey | undefined {
  const parts = args.map((arg) => valueOf(arg) ?? expressionOf(arg));
  return parts.includes(undefined) ? undefined : { isShared, parts: parts.filter((part) => part !== undefined) };
}

/** The value of a constant or parameter, possibly cast. */
export function valueOf(node: Node | undefined): Value | undefined {
  const bare = uncast(node);
  const number = bodyOf(bare, 'ParamRef')?.number;
  if (number !== undefined) return { parameter: number };
  const text = constantText(bare);
  return text === undefined ? undefined : { text };
}

function uncast(node: Node | undefined): Node | undefined {
  const cast = bodyOf(node, 'TypeCast');
  return cast === undefined ? node : uncast(cast.arg);
}

const hashes: ReadonlySet<string> = new Set(['hashtext', 'hashtextextended', 'hashint4', 'hashint8', 'crc32']);

/** The identity of an expression of constants, parameters, operators and immutable functions; undefined for any other. */
function expressionOf(arg: Node): Expression | undefined {
  const parameters: number[] = [];
  const variable: string[] = [];
  const expression = JSON.stringify(arg, (name, value: unknown) => {
    if (isPlace(name)) return undefined;
    if (name === 'ColumnRef' || name === 'SubLink' || name === 'SQLValueFunction') variable.push(name);
    if (name === 'ParamRef') parameters.push((value as { number?: number }).number ?? 0);
    if (name === 'FuncCall' && !isImmutableCall(value as FuncCall)) variable.push(name);
    return value;
  });
  return variable.length === 0 ? { expression, parameters } : undefined;
}

function isImmutableCall({ funcname }: FuncCall): boolean {
  const words = namesOf(funcname);
  const name = words.at(-1) ?? '';
  return hashes.has(name) || volatilityOf(name, words.length > 1 ? words[0] : undefined) === 'immutable';
}
