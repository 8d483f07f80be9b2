import type { CreateTableAsStmt, IntoClause, Node, RangeVar, VariableSetStmt } from 'libpg-query';
import { bodyOf, constantText, kindOf, namesOf, type NodeBody, type NodeKind } from './ast.ts';
import { codeFacts } from './code-facts.ts';
import { seeded, seedName, type SessionEffect } from './session-effect.ts';

/** The option bit of WITH HOLD. */
const cursorHold = 0x0020;

type Readers = { readonly [Kind in NodeKind]?: (body: NodeBody<Kind>) => readonly SessionEffect[] };

const readers: Readers = {
  VariableSetStmt: setEffects,
  ListenStmt: ({ conditionname }) => [{ kind: 'listen', channel: conditionname ?? '' }],
  UnlistenStmt: ({ conditionname }) => [{ kind: 'unlisten', channel: conditionname }],
  LoadStmt: ({ filename }) => [{ kind: 'load', library: filename ?? '' }],
  DeallocateStmt: ({ name }) => [{ kind: 'deallocate', name }],
  ExecuteStmt: ({ name }) => [{ kind: 'execute', name: name ?? '' }],
  ClosePortalStmt: ({ portalname }) => [{ kind: 'closeCursor', name: portalname }],
  DeclareCursorStmt: ({ portalname, options }) =>
    ((options ?? 0) & cursorHold) === 0 ? [] : [{ kind: 'holdCursor', name: portalname ?? '' }],
  DiscardStmt: ({ target }) => [{ kind: 'discard', target: discarded[target ?? 'DISCARD_ALL'] }],
  CreateStmt: ({ relation, oncommit }) => temporary(relation, oncommit === 'ONCOMMIT_DROP'),
  CreateTableAsStmt: ({ into, query }: CreateTableAsStmt) => [
    ...intoEffects(into),
    ...(query !== undefined && kindOf(query) === 'ExecuteStmt' ? effectsOf(query) : []),
  ],
  SelectStmt: ({ intoClause }) => intoEffects(intoClause),
  ViewStmt: ({ view }) => temporary(view),
  CreateSeqStmt: ({ sequence }) => temporary(sequence),
  CreateFunctionStmt: ({ funcname }) => temporaryNamed(funcname),
  CreateStatsStmt: ({ defnames }) => temporaryNamed(defnames),
  DefineStmt: ({ defnames }) => temporaryNamed(defnames),
  CreateEnumStmt: ({ typeName }) => temporaryNamed(typeName),
  CreateRangeStmt: ({ typeName }) => temporaryNamed(typeName),
  CreateDomainStmt: ({ domainname }) => temporaryNamed(domainname),
  CompositeTypeStmt: ({ typevar }) => temporary(typevar),
  DropStmt: ({ objects, removeType }) =>
    relationTypes.has(removeType ?? '') ? (objects ?? []).flatMap(droppedEffects) : [],
  DoStmt: ({ args }) => (args ?? []).flatMap(codeEffects),
};

/** The effects of a statement on its session, without those of its function calls. */
export function effectsOf(statement: Node): readonly SessionEffect[] {
  const kind = kindOf(statement);
  const read = readers[kind] as ((body: unknown) => readonly SessionEffect[]) | undefined;
  return read?.((statement as unknown as Record<string, unknown>)[kind]) ?? [];
}

const discarded = {
  DISCARD_ALL: 'all',
  DISCARD_TEMP: 'temp',
  DISCARD_SEQUENCES: 'sequences',
  DISCARD_PLANS: 'plans',
} as const;

function setEffects(statement: VariableSetStmt): readonly SessionEffect[] {
  const { kind, name = '', args = [] } = statement;
  const isLocal = statement.is_local === true;
  if (kind === 'VAR_RESET_ALL') return [{ kind: 'resetAll' }];
  if (kind === 'VAR_SET_MULTI') return characteristics(name, args);
  // SET ... FROM CURRENT may make a transaction-local value permanent.
  if (kind === 'VAR_SET_CURRENT')
    return [{ kind: 'set', name: { text: name }, value: undefined, isLocal, isUncertain: true }];
  const isReset = kind === 'VAR_RESET' || kind === 'VAR_SET_DEFAULT';
  if (name === 'transaction_isolation' || name === 'transaction_read_only') return []; // of this transaction only
  const values = args.map((arg) => constantText(bodyOf(arg, 'TypeCast')?.arg ?? arg));
  if (name === seedName) return isReset ? [] : [seeded];
  if (name === 'role') return [{ kind: 'role', role: isReset ? undefined : values[0], isLocal }];
  if (name === 'session_authorization')
    return [{ kind: 'authorization', user: isReset ? undefined : values[0], isLocal }];
  if (isReset) return [{ kind: 'reset', name, isLocal }];
  return [{ kind: 'set', name: { text: name }, value: joined(name, values), isLocal }];
}

/** Joins a list of values, each quoted, to one text that can be set again. */
function joined(name: string, values: readonly (string | undefined)[]): { text: string } | undefined {
  const words = values.filter((value) => value !== undefined);
  if (words.length < values.length) return undefined;
  if (words.length === 1 && name !== 'search_path') return { text: words[0] ?? '' };
  return {
    text: words.map((word) => (/^[a-z_][a-z0-9_]*$/.test(word) ? word : `"${word.replaceAll('"', '""')}"`)).join(', '),
  };
}

/** SET SESSION CHARACTERISTICS sets the defaults of later transactions; SET TRANSACTION affects only the current one. */
function characteristics(name: string, args: readonly Node[]): readonly SessionEffect[] {
  if (name !== 'SESSION CHARACTERISTICS') return [];
  return args.flatMap((arg): SessionEffect[] => {
    const element = bodyOf(arg, 'DefElem');
    const text = constantText(element?.arg);
    if (element?.defname === undefined || text === undefined) return [];
    const value = { text: element.defname === 'transaction_isolation' ? text : text === '1' ? 'on' : 'off' };
    return [{ kind: 'set', name: { text: `default_${element.defname}` }, value, isLocal: false }];
  });
}

function temporary(relation: RangeVar | undefined, isLocal = false): readonly SessionEffect[] {
  const isTemporary = relation?.relpersistence === 't' || relation?.schemaname === 'pg_temp';
  return isTemporary ? [{ kind: 'temporary', name: relation.relname ?? '', isLocal }] : [];
}

function intoEffects(into: IntoClause | undefined): readonly SessionEffect[] {
  return temporary(into?.rel, into?.onCommit === 'ONCOMMIT_DROP');
}

function temporaryNamed(names: readonly Node[] | undefined): readonly SessionEffect[] {
  const words = namesOf(names);
  if (words[0] !== 'pg_temp' || words.length < 2) return [];
  return [{ kind: 'temporary', name: `pg_temp.${words.at(-1) ?? ''}`, isLocal: false }]; // no table's name
}

/** Object types in the namespace of tables. Other temporary objects (functions, types) are tracked until DISCARD. */
const relationTypes: ReadonlySet<string> = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_SEQUENCE']);

/** A dropped object may have been a temporary one, as these are found first. */
function droppedEffects(object: Node): readonly SessionEffect[] {
  const words = namesOf(bodyOf(object, 'List')?.items ?? [object]);
  const isTemporary = words.length === 1 || words[0] === 'pg_temp';
  return isTemporary ? [{ kind: 'temporaryDropped', name: words.at(-1) ?? '' }] : [];
}

/** A DO block is not parsed; it has no effect if it contains no word that may touch the session. */
function codeEffects(arg: Node): readonly SessionEffect[] {
  const element = bodyOf(arg, 'DefElem');
  if (element?.defname !== 'as') return [];
  const facts = codeFacts(bodyOf(element.arg, 'String')?.sval ?? '');
  return facts === undefined ? [] : [{ kind: 'code', ...facts }];
}
