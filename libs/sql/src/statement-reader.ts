import type { Node } from 'libpg-query';
import { bodyOf, kindOf, namesOf } from './ast.ts';
import { commandOf, hasOption, isOutsideBlocksOnly, type Command } from './command.ts';
import { fingerprintOf } from './fingerprint.ts';
import { redefinitionOf } from './redefinition.ts';
import type { SessionEffect } from './session-effect.ts';
import { showsProcess } from './shown-process.ts';
import { withoutLiterals, type Skeleton } from './skeleton.ts';
import { unreadText } from './unread-text.ts';
import { effectsOf } from './statement-effects.ts';
import { StatementFacts } from './statement-facts.ts';
import type { RelationName, Statement } from './statement.ts';
import { transactionControl } from './transaction-control.ts';
import { workloadOf } from './workload-class.ts';

/** Collects all facts of a parsed statement. @param skeleton of the statement's own part of the text */
export function readStatement(node: Node, skeleton: Skeleton): Statement {
  const facts = new StatementFacts(node);
  const { kind, words } = commandOf(node) ?? unknownCommand;
  const transaction = bodyOf(node, 'TransactionStmt');
  const effects = sessionEffects(node, facts);
  const cursor = (bodyOf(node, 'DeclareCursorStmt') ?? bodyOf(node, 'FetchStmt'))?.portalname;
  const redefines = kind === 'schema' ? redefinitionOf(node) : undefined;
  const { reads, writes, calls, features, volatility } = facts;
  const readsCatalogOnly = reads.length > 0 && writes.length === 0 && reads.every(isCatalog);
  const isReadOnly = isReading(kind, node) && writes.length === 0 && !facts.locksRows && changesNothing(facts, effects);
  return {
    kind,
    command: words,
    ...(transaction === undefined ? {} : { transaction: transactionControl(transaction) }),
    effects,
    ...(cursor === undefined ? {} : { cursor }),
    ...(redefines === undefined ? {} : { redefines }),
    mayAdvanceSequences: mayAdvanceSequences(kind, facts),
    isOutsideBlocksOnly: isOutsideBlocksOnly(node),
    reads,
    writes,
    locksRows: facts.locksRows,
    isReadOnly,
    readsCatalogOnly,
    calls,
    volatility,
    workload: workloadOf(kind, features, readsCatalogOnly),
    features,
    fingerprint: fingerprintOf(skeleton),
    normalised: normalisedText(node, skeleton),
    parametersMax: skeleton.parametersMax,
  };
}

const unknownCommand: Command = { kind: 'utility', words: '' };

function sessionEffects(node: Node, facts: StatementFacts): readonly SessionEffect[] {
  const kind = kindOf(node);
  if (commandOf(node) === undefined) return [{ kind: 'opaque', what: kind }];
  const prepared = bodyOf(node, 'PrepareStmt');
  if (prepared !== undefined) {
    const { query } = prepared;
    const inner = query === undefined ? [] : [...effectsOf(query), ...facts.effects, ...shownEffects(query, facts)];
    return [{ kind: 'prepare', name: prepared.name ?? '', effects: inner }];
  }
  const explained = bodyOf(node, 'ExplainStmt');
  if (explained === undefined)
    return [...effectsOf(node), ...markLoneLock(node, facts.effects), ...shownEffects(node, facts)];
  const runs = hasOption(explained.options, 'analyze');
  return runs && explained.query !== undefined ? [...effectsOf(explained.query), ...facts.effects] : [];
}

/** Marks the lock of a lone `SELECT pg_advisory_lock(..)`. */
function markLoneLock(node: Node, effects: readonly SessionEffect[]): readonly SessionEffect[] {
  const [effect] = effects;
  const select = bodyOf(node, 'SelectStmt');
  if (effects.length !== 1 || effect?.kind !== 'lock' || select?.fromClause !== undefined) return effects;
  const targets = select?.targetList ?? [];
  const call = bodyOf(bodyOf(targets[0], 'ResTarget')?.val, 'FuncCall');
  const isLock = /^pg_(try_)?advisory_lock/.test(namesOf(call?.funcname).at(-1) ?? '');
  return targets.length === 1 && isLock ? [{ ...effect, isAlone: true }] : effects;
}

/** Whether the statement shows the client its backend: by a process id in the result, but not by other rows of pg_stat_activity. */
function shownEffects(node: Node, { reads, calls }: StatementFacts): readonly SessionEffect[] {
  const effects: SessionEffect[] = [];
  const isPrepared = ({ name, schema }: RelationName): boolean =>
    name === 'pg_prepared_statements' && catalogSchemas.has(schema ?? 'pg_catalog');
  if (reads.some(isPrepared)) effects.push({ kind: 'shown', what: 'statements' });
  if (calls.includes('pg_backend_pid') && showsProcess(node)) effects.push({ kind: 'shown', what: 'process' });
  return effects;
}

const sequenceAdvancing: ReadonlySet<Statement['kind']> = new Set(['insert', 'merge', 'copyIn']);

/** Whether it may advance sequences by a column default, or in an unknown function. */
function mayAdvanceSequences(kind: Statement['kind'], { volatility }: StatementFacts): boolean {
  return sequenceAdvancing.has(kind) || volatility === 'unknown' || kind === 'utility';
}

const catalogSchemas: ReadonlySet<string | undefined> = new Set(['pg_catalog', 'information_schema']);

function isCatalog({ schema, name }: RelationName): boolean {
  return schema === undefined ? name.startsWith('pg_') : catalogSchemas.has(schema);
}

function isReading(kind: Statement['kind'], node: Node): boolean {
  if (kind === 'select') return bodyOf(node, 'SelectStmt')?.intoClause === undefined;
  return kind === 'copyOut' || kind === 'explain' || bodyOf(node, 'VariableShowStmt') !== undefined;
}

/** Whether the statement changes nothing; volatile and unknown functions may. */
function changesNothing(facts: StatementFacts, effects: readonly SessionEffect[]): boolean {
  return effects.length === 0 && (facts.volatility === 'immutable' || facts.volatility === 'stable');
}

/** The text without literals. Values of SET and dictionary options may be bare words, which only the parse tree tells from names. */
function normalisedText(node: Node, skeleton: Skeleton): string {
  const storedSetting =
    bodyOf(node, 'AlterRoleSetStmt') ?? bodyOf(node, 'AlterDatabaseSetStmt') ?? bodyOf(node, 'AlterSystemStmt');
  if (storedSetting !== undefined)
    return unreadText(skeleton).replace(/\.\.\.$/, () => `${storedSetting.setstmt?.name ?? ''} TO $1`);
  const dictionary = bodyOf(node, 'DefineStmt') ?? bodyOf(node, 'AlterTSDictionaryStmt');
  const isDictionary =
    dictionary !== undefined && (!('kind' in dictionary) || dictionary.kind === 'OBJECT_TSDICTIONARY');
  if (isDictionary) return `${skeleton.key.split('(', 1)[0]?.trimEnd() ?? ''} ...`;
  const set = bodyOf(node, 'VariableSetStmt');
  if (set?.kind !== 'VAR_SET_VALUE') return withoutLiterals(skeleton);
  const values = (set.args ?? []).map((_, place) => `$${place + 1}`);
  return `SET ${set.is_local === true ? 'LOCAL ' : ''}${set.name ?? ''} TO ${values.join(', ')}`;
}
