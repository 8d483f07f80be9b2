import type { PoolScope } from '@medrex/pool';
import type { Plan } from '../observe/plans.ts';
import { show, viewNames, type Sight } from './show.ts';
import type { Table } from './table.ts';

/** What the console can do to the proxy as a whole. */
export interface Life {
  /** Reads the configuration again, and says what of it is not as it was asked. @throws Error with what is wrong with it */
  reload(): readonly string[];
  /** Sends the clients of a database, or all, elsewhere. */
  drain(database: string | undefined): void;
  resume(database: string | undefined): void;
  /** Ends the process. */
  stop(how: 'drain' | 'boundary' | 'now'): void;
}

/** What the console can do, beside looking. */
export interface Controls extends Sight {
  /** Whether the user may do more than look. */
  readonly mayAct: boolean;
  readonly life: Life;
}

export type Outcome =
  | { readonly kind: 'table'; readonly table: Table; readonly tag: string }
  | {
      readonly kind: 'done';
      readonly tag: string;
      readonly until?: () => boolean;
      readonly notices?: readonly string[];
    }
  | { readonly kind: 'empty' }
  | Failure;

/** What takes a while: undefined until it is there. */
export interface Later {
  readonly kind: 'later';
  readonly outcome: () => Outcome | undefined;
}

export interface Failure {
  readonly kind: 'error';
  readonly sqlstate: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** In characters of the text. */
  readonly position?: number;
}

const form = /^\s*(\w+)(?:\s+("(?:[^"]|"")+"|[\w.-]+))?(?:\s+'?([\w+]+)'?)?\s*;?\s*$/;
/** What the console takes. */
export const consoleHint = `SHOW ${viewNames.map((name) => name.toUpperCase()).join('|')}, SHOW PLAN fingerprint, SELECT ... FROM medrex.<the same>, PAUSE, RESUME, RECONNECT, DRAIN and KILL [database], RELOAD, SHUTDOWN [WAIT_FOR_CLIENTS|WAIT_FOR_SERVERS]`;
const actions: ReadonlySet<string> = new Set(['pause', 'resume', 'kill', 'reconnect', 'drain', 'reload', 'shutdown']);

/** Whether the text is one of the console's own words, which SQL has none of or means otherwise. */
export function isCommand(text: string): boolean {
  const [, verb = '', word = ''] = form.exec(text) ?? [];
  if (actions.has(verb.toLowerCase())) return true;
  const view = word.toLowerCase();
  return verb.toLowerCase() === 'show' && (view === planWord || viewNames.includes(view));
}

const planWord = 'plan';
/** As EXPLAIN calls its lines. */
const planColumns: Table['columns'] = [{ name: 'QUERY PLAN', type: 'text' }];

/** What SHOW answers with; undefined where it shows nothing of ours. */
export function columnsOfShow(view: string, sight: Sight): Table['columns'] | undefined {
  return view === planWord ? planColumns : show(view, sight)?.columns;
}

/** Runs one command of the console. Names of databases fold to lower case unless they are quoted. */
export function command(text: string, controls: Controls): Outcome | Later {
  const [, verb = '', word = '', which] = form.exec(text) ?? [];
  const name = word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
  const action = verb.toLowerCase();
  if (action === 'show' && name === planWord) return planning(which, controls);
  if (action === 'show') return showing(name, controls, which);
  if (!actions.has(action) || which !== undefined)
    return { kind: 'error', sqlstate: '42601', message: 'unknown command of the console', hint: consoleHint };
  if (!controls.mayAct)
    return { kind: 'error', sqlstate: '42501', message: `this user may look, and not ${action.toUpperCase()}` };
  return acting(action, name, controls);
}

function acting(action: string, name: string, controls: Controls): Outcome {
  const { pools, now } = { pools: controls.host.pools, now: controls.host.now() };
  const scope: PoolScope = name === '' ? {} : { database: name };
  switch (action) {
    case 'pause':
      pools.pause(scope, now);
      return { kind: 'done', tag: 'PAUSE', until: () => pools.isQuiet(scope) };
    case 'resume':
      controls.life.resume(scope.database);
      return { kind: 'done', tag: 'RESUME' };
    case 'drain':
      controls.life.drain(scope.database);
      return { kind: 'done', tag: 'DRAIN', until: () => pools.isQuiet(scope) };
    case 'shutdown':
      return shuttingDown(name, controls.life);
    case 'kill':
      pools.kill(scope, now);
      return { kind: 'done', tag: 'KILL' };
    case 'reconnect':
      pools.reconnect(scope, now);
      return { kind: 'done', tag: 'RECONNECT' };
    default:
      return reloading(controls);
  }
}

/** @param which of the statements, by its fingerprint */
function showing(view: string, sight: Sight, which?: string): Outcome {
  const table = which === undefined ? show(view, sight) : ofFingerprint(show(view, sight), which);
  return table === undefined
    ? { kind: 'error', sqlstate: '42704', message: `there is no "${view}" to show`, hint: consoleHint }
    : { kind: 'table', tag: 'SHOW', table };
}

/** The plan of a statement for all values of its parameters, by its fingerprint. */
function planning(fingerprint: string | undefined, { plans }: Sight): Outcome | Later {
  if (fingerprint === undefined)
    return {
      kind: 'error',
      sqlstate: '42601',
      message: 'SHOW PLAN takes a fingerprint',
      hint: 'SHOW QUERIES has them.',
    };
  if (plans === undefined) return { kind: 'error', sqlstate: '55000', message: 'statistics are off' };
  let outcome: Outcome | undefined;
  void plans.take(fingerprint).then((taken) => (outcome = outcomeOfPlans(taken)));
  return { kind: 'later', outcome: () => outcome };
}

function outcomeOfPlans(taken: readonly Plan[]): Outcome {
  if (taken.length === 0)
    return {
      kind: 'error',
      sqlstate: '42704',
      message: 'no statement with this fingerprint has run',
      hint: 'SHOW QUERIES has them.',
    };
  const lines = taken.flatMap(({ database, user, lines: plan, problem }) => [
    `in ${database} as ${user}:`,
    ...(problem === undefined ? plan : [`no plan: ${problem}`]),
  ]);
  return { kind: 'table', tag: 'SHOW', table: { columns: planColumns, rows: lines.map((line) => [line]) } };
}

/** PgBouncer's words; what waits for clients also sends them away, one by one. */
const endings = { '': 'now', wait_for_clients: 'drain', wait_for_servers: 'boundary' } as const;

function shuttingDown(how: string, life: Life): Outcome {
  if (!Object.hasOwn(endings, how))
    return { kind: 'error', sqlstate: '42601', message: 'SHUTDOWN knows WAIT_FOR_CLIENTS and WAIT_FOR_SERVERS' };
  life.stop(endings[how as keyof typeof endings]);
  return { kind: 'done', tag: 'SHUTDOWN' };
}

function ofFingerprint(table: Table | undefined, which: string): Table | undefined {
  const at = table?.columns.findIndex(({ name }) => name === 'fingerprint') ?? -1;
  return table && { ...table, rows: table.rows.filter((row) => row[at] === which) };
}

function reloading({ life }: Controls): Outcome {
  try {
    return { kind: 'done', tag: 'RELOAD', notices: life.reload() };
  } catch (error) {
    return { kind: 'error', sqlstate: 'F0000', message: (error as Error).message };
  }
}
