import type { PoolScope } from '@medrex/pool';
import type { Plan } from '../observe/plans.ts';
import { terminatedByAdmin } from '../session/client/client-end.ts';
import { show, viewNames, type ShowContext } from './show.ts';
import type { Table } from './table.ts';

/** What the console can do with the whole proxy. */
export interface ProxyLifecycle {
  /** Reads the configuration again, and returns what is not in effect as asked. @throws Error with everything that is wrong */
  reload(): readonly string[];
  /** Overrides one of PgBouncer's settings until the next RELOAD. Undefined: there is no pgbouncer.ini. @throws as reload */
  readonly set: ((name: string, value: string) => readonly string[]) | undefined;
  /** Sends away the clients of a database, or all. */
  drain(database: string | undefined): void;
  /** False: the proxy is shutting down. */
  resume(database: string | undefined): boolean;
  /** Ends the process. */
  stop(how: 'drain' | 'boundary' | 'now'): void;
}

/** What the console can do besides showing. */
export interface CommandContext extends ShowContext {
  /** Whether the user may do more than look. */
  readonly isAdmin: boolean;
  readonly lifecycle: ProxyLifecycle;
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

/** The outcome of something that takes a while; undefined until it is there. */
export interface PendingOutcome {
  readonly kind: 'pending';
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

const commandPattern = /^\s*(\w+)(?:\s+("(?:[^"]|"")+"|[\w.-]+))?(?:\s+'?([\w+]+)'?)?\s*;?\s*$/;
export const consoleHint = 'SHOW HELP lists the commands of the console.';
const showLine = (names: readonly string[]): string => `SHOW ${names.map((name) => name.toUpperCase()).join('|')}`;
/** The commands, grouped in lines. */
const help = [
  ...[showLine(viewNames.slice(0, viewNames.length / 2)), showLine(viewNames.slice(viewNames.length / 2))],
  ...['SHOW PROFILE <fingerprint>', 'SHOW PLAN <fingerprint>', 'SHOW HELP', 'SELECT ... FROM medrex.<what SHOW shows>'],
  ...['PAUSE|RESUME|RECONNECT|WAIT_CLOSE|DRAIN|KILL [<database>]', 'DISABLE|ENABLE <database>', 'KILL_CLIENT <id>'],
  ...['RELOAD', 'SET <setting of pgbouncer.ini> = <value>', 'SHUTDOWN [WAIT_FOR_CLIENTS|WAIT_FOR_SERVERS]'],
].map((line) => `\n\t${line}`);
const actions: ReadonlySet<string> = new Set([
  ...['pause', 'resume', 'kill', 'reconnect', 'drain', 'reload', 'shutdown'],
  ...['disable', 'enable', 'kill_client', 'wait_close', 'suspend'],
]);
/** Commands that require a database, and those that take none. */
const requiresDatabase: ReadonlySet<string> = new Set(['disable', 'enable']);
const takesNoName: ReadonlySet<string> = new Set(['reload', 'suspend']);

/** Whether the text is a command of the console, which SQL does not know or uses otherwise. */
export function isCommand(text: string): boolean {
  const [, verb = '', word = ''] = commandPattern.exec(text) ?? [];
  if (actions.has(verb.toLowerCase())) return true;
  const view = word.toLowerCase();
  return verb.toLowerCase() === 'show' && (specialViews.has(view) || viewNames.includes(view));
}

const planWord = 'plan';
/** What SHOW takes and no table contains. */
const specialViews: ReadonlySet<string> = new Set([planWord, 'help', 'fds']);
/** As EXPLAIN names its lines. */
const planColumns: Table['columns'] = [{ name: 'QUERY PLAN', type: 'text' }];

/** The columns of a SHOW; undefined: the proxy does not show this. */
export function columnsOfShow(view: string, context: ShowContext): Table['columns'] | undefined {
  return view === planWord ? planColumns : show(view, context)?.columns;
}

/** Runs one command of the console. Database names are folded to lower case unless quoted. */
export function command(text: string, context: CommandContext): Outcome | PendingOutcome {
  const [, verb = '', word = '', which] = commandPattern.exec(text) ?? [];
  const action = verb.toLowerCase();
  const name = action === 'show' ? word.toLowerCase() : nameOf(word, context);
  if (action === 'show' && name === planWord) return showPlan(which, context);
  if (action === 'show' && name === 'help')
    return { kind: 'done', tag: 'SHOW', notices: [`Console usage:${help.join('')}`] };
  if (action === 'show' && name === 'fds')
    return unsupported('sockets are handed to nobody', 'listen.reusePort, or DRAIN');
  if (action === 'show') return showView(name, context, which);
  if (!actions.has(action) || which !== undefined) return failure('42601', 'unknown console command', consoleHint);
  if (!context.isAdmin) return failure('42501', `this user may use SHOW, but not ${action.toUpperCase()}`);
  return refusalOf(action, name, context) ?? runAction(action, name, context);
}

/** The database's name as written, if there is one; otherwise matched without regard to case. */
function nameOf(word: string, { config }: CommandContext): string {
  if (word.startsWith('"')) return word.slice(1, -1).replaceAll('""', '"');
  return Object.hasOwn(config.databases, word) ? word : word.toLowerCase();
}

/** Why the command cannot run. */
function refusalOf(action: string, name: string, { config, host }: CommandContext): Failure | undefined {
  if (takesNoName.has(action) && name !== '') return failure('42601', `${action.toUpperCase()} takes no name`);
  if (requiresDatabase.has(action) && name === '') return failure('42601', 'a database is required');
  if (action === 'shutdown' || action === 'kill_client' || name === '') return undefined;
  const isKnown =
    Object.hasOwn(config.databases, name) ||
    Object.hasOwn(config.databases, '*') ||
    host.pools.figures(host.now()).some((pool) => pool.name.database === name);
  return isKnown ? undefined : failure('3D000', `no such database: ${name}`);
}

export const failure = (sqlstate: string, message: string, hint?: string): Failure => {
  return { kind: 'error', sqlstate, message, ...(hint !== undefined && { hint }) };
};
const unsupported = (message: string, instead: string): Failure => failure('0A000', message, `Use ${instead} instead.`);

const alreadyPaused = 'already suspended/paused';

function runAction(action: string, name: string, context: CommandContext): Outcome {
  const { pools, now } = { pools: context.host.pools, now: context.host.now() };
  const scope: PoolScope = name === '' ? {} : { database: name };
  switch (action) {
    case 'pause':
      if (pools.commandInForce(scope.database) === 'paused') return failure('55000', alreadyPaused);
      pools.pause(scope, now);
      return { kind: 'done', tag: 'PAUSE', until: () => pools.isCommandDone(scope) };
    case 'resume':
      if (name === '' ? !pools.hasCommandInForce : pools.commandInForce(name) === undefined)
        return failure('55000', notPausedMessage(name));
      if (!context.lifecycle.resume(scope.database)) return failure('55000', 'pooler is shutting down');
      return { kind: 'done', tag: 'RESUME' };
    case 'drain':
      context.lifecycle.drain(scope.database);
      return { kind: 'done', tag: 'DRAIN', until: () => pools.isCommandDone(scope) };
    case 'shutdown':
      return shutDown(name, context.lifecycle);
    case 'kill':
      pools.kill(scope, now);
      return { kind: 'done', tag: 'KILL' };
    case 'kill_client':
      return killClient(name, context);
    case 'disable':
      context.host.disabled.add(name);
      return { kind: 'done', tag: 'DISABLE' };
    case 'enable':
      context.host.disabled.delete(name);
      return { kind: 'done', tag: 'ENABLE' };
    case 'wait_close':
      return { kind: 'done', tag: 'WAIT_CLOSE', until: () => !isReplacing(scope, context) };
    case 'suspend':
      return unsupported('there is no SUSPEND', 'listen.reusePort, and SHUTDOWN WAIT_FOR_CLIENTS');
    case 'reconnect':
      context.host.servers.reconnect(scope);
      return { kind: 'done', tag: 'RECONNECT' };
    default:
      return applyConfig('RELOAD', () => context.lifecycle.reload());
  }
}

const notPausedMessage = (database: string): string =>
  database === '' ? 'pooler is not paused/suspended' : `database ${database} is not paused`;

/** Whether a backend that RECONNECT or a RELOAD replaces still exists. */
function isReplacing({ database }: PoolScope, { host }: CommandContext): boolean {
  return host.pools
    .backends()
    .filter(({ pool }) => database === undefined || pool.name.database === database)
    .some(({ closeAtCheckin, state }) => closeAtCheckin !== undefined || state === 'closing');
}

function killClient(id: string, { host, consoleSessions }: CommandContext): Outcome {
  if (!/^\d+$/.test(id)) return failure('42601', 'KILL_CLIENT takes the id of a client, as shown by SHOW CLIENTS');
  const client = host.clientOf(Number(id));
  const console = [...consoleSessions].find(({ client }) => client.processId === Number(id));
  if (client === undefined && console === undefined) return failure('42704', 'client not found');
  client?.end(terminatedByAdmin);
  console?.close(terminatedByAdmin);
  return { kind: 'done', tag: 'KILL_CLIENT' };
}

/** @param which the statement, by its fingerprint */
function showView(view: string, context: ShowContext, which?: string): Outcome {
  const table = show(view, context);
  if (table === undefined) return failure('42704', `there is no "${view}" to show`, consoleHint);
  if (which === undefined) return { kind: 'table', tag: 'SHOW', table };
  const at = table.columns.findIndex(({ name }) => name === 'fingerprint');
  if (at < 0) {
    const hint = `SELECT ... FROM medrex.${view} WHERE ... chooses among its rows.`;
    return failure('42601', `SHOW ${view.toUpperCase()} takes no name`, hint);
  }
  const rows = table.rows.filter((row) => row[at] === which);
  return { kind: 'table', tag: 'SHOW', table: { columns: table.columns, rows } };
}

const fingerprintHint = 'SHOW QUERIES has them.';

/** The generic plan of a statement, by its fingerprint. */
function showPlan(fingerprint: string | undefined, { plans }: ShowContext): Outcome | PendingOutcome {
  if (fingerprint === undefined) return failure('42601', 'SHOW PLAN takes a fingerprint', fingerprintHint);
  if (plans === undefined) return failure('55000', 'statistics are off');
  let outcome: Outcome | undefined;
  void plans.request(fingerprint).then((taken) => (outcome = outcomeOfPlans(taken)));
  return { kind: 'pending', outcome: () => outcome };
}

function outcomeOfPlans(taken: readonly Plan[]): Outcome {
  if (taken.length === 0) return failure('42704', 'no statement with this fingerprint has run', fingerprintHint);
  const lines = taken.flatMap(({ database, user, lines: plan, problem }) => [
    `in ${database} as ${user}:`,
    ...(problem === undefined ? plan : [`no plan: ${problem}`]),
  ]);
  return { kind: 'table', tag: 'SHOW', table: { columns: planColumns, rows: lines.map((line) => [line]) } };
}

/** PgBouncer's words. Waiting for clients also sends them away, one by one. */
const shutdownModes = { '': 'now', wait_for_clients: 'drain', wait_for_servers: 'boundary' } as const;

function shutDown(how: string, lifecycle: ProxyLifecycle): Outcome {
  if (!Object.hasOwn(shutdownModes, how))
    return failure('42601', 'SHUTDOWN takes WAIT_FOR_CLIENTS or WAIT_FOR_SERVERS');
  lifecycle.stop(shutdownModes[how as keyof typeof shutdownModes]);
  return { kind: 'done', tag: 'SHUTDOWN' };
}

/** @param read the configuration again */
export function applyConfig(tag: string, read: () => readonly string[]): Outcome {
  try {
    return { kind: 'done', tag, notices: read() };
  } catch (error) {
    return failure('F0000', (error as Error).message);
  }
}
