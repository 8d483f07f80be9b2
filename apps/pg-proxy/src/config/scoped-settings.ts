import { defaultPoolSettings as ofPool, workloadClasses } from '@medrex/pool';
import { z } from 'zod';
import { milliseconds, millisecondsOrNone } from './durations.ts';

const count = z.int().min(0);
const share = z.number().min(0).max(1);

/** Settings of a pool, which belongs to one database and one user of the server. */
const ofPools = {
  size: z
    .int()
    .positive()
    .describe('Maximum number of backends of one pool; a pool is a database and a user who logs in there'),
  min: count.describe(
    'Backends kept open even when unused: while the pool has a client, and always if databases.<name>.user says who logs in',
  ),
  reserve: count.describe('Additional backends for clients that have waited for reserveAfterMs'),
  reserveAfterMs: milliseconds.describe('Wait after which a client may get a reserve backend'),
  waitingMax: count.describe('Maximum number of clients of one pool that may wait at once'),
  noticeAfterMs: milliseconds.describe('A client that has waited this long is told why'),
  pausedTimeoutMs: milliseconds.describe('Instead of waitTimeoutMs while the database is paused'),
  idleTimeoutMs: milliseconds.describe('A backend unused for this long is closed'),
  lifetimeMs: milliseconds.describe('A backend is replaced after about this long'),
  checkAfterMs: milliseconds.describe('An idle backend not heard from for this long is checked'),
  connectTimeoutMs: milliseconds.describe('Longest time for a login at the upstream'),
  preparedStatements: z.int().positive().describe('Maximum number of prepared statements kept on one backend'),
  interactiveShareMin: share.describe('Share of size reserved for interactive work'),
  analyticalShareMax: share.describe('Largest share of size for analytical work'),
  bulkShareMax: share.describe('Largest share of size for bulk work'),
  agedAfterMs: milliseconds.describe(
    'Clients that have waited this long are served in order of arrival, whatever their class',
  ),
};

/** Pool settings that a user may override: for the pools that log in as this user, whoever their clients are. */
export const poolSettingNames = Object.keys(ofPools) as readonly (keyof typeof ofPools)[];

/** Settings of a client, fixed at login. */
const ofClients = {
  mode: z
    .enum(['session', 'transaction', 'statement'])
    .describe('When a client gives its backend back: at the end of its session, transaction or statement'),
  pinSequences: z
    .boolean()
    .describe(
      'A client that calls nextval or setval keeps its backend, because currval and lastval answer only there; false if no client asks for these',
    ),
  statementTimeoutMs: millisecondsOrNone.describe(
    "The server's statement_timeout for clients that do not set it; 0: as the server has it",
  ),
};

/** Settings of a session, which it may change. */
const ofSessions = {
  transactionTimeoutMs: millisecondsOrNone.describe(
    'A client whose transaction lasts longer is disconnected; 0: never',
  ),
  transactionIdleTimeoutMs: millisecondsOrNone.describe(
    'A client that is idle in an open transaction for longer is disconnected; 0: never',
  ),
  clientIdleTimeoutMs: millisecondsOrNone.describe('A client that is idle for longer is disconnected; 0: never'),
};

/** Settings of a statement, which may have values of its own. */
const ofStatements = {
  waitTimeoutMs: milliseconds.describe('A client that waits longer for a backend gets an error'),
  queryTimeoutMs: millisecondsOrNone.describe('A statement that takes longer is cancelled; 0: never'),
};

const workloadClass = z.enum(workloadClasses).describe('Class of the work; derived from the statements when absent');
/** Classes that a client may claim: admin takes precedence over all others, so it is not among them. */
const claimedClass = workloadClass.exclude(['admin']);

const shape = { ...ofPools, ...ofClients, ...ofSessions, ...ofStatements };

const defaults = {
  size: ofPool.max,
  min: ofPool.min,
  reserve: ofPool.reserve,
  reserveAfterMs: ofPool.reserveAfterMs,
  waitingMax: ofPool.waitingMax,
  noticeAfterMs: ofPool.noticeAfterMs,
  pausedTimeoutMs: ofPool.pausedTimeoutMs,
  idleTimeoutMs: ofPool.idleTimeoutMs,
  lifetimeMs: ofPool.lifetimeMs,
  checkAfterMs: ofPool.checkAfterMs,
  connectTimeoutMs: ofPool.connectTimeoutMs,
  preparedStatements: 200,
  interactiveShareMin: ofPool.interactiveShareMin,
  analyticalShareMax: ofPool.analyticalShareMax,
  bulkShareMax: ofPool.bulkShareMax,
  agedAfterMs: ofPool.agedAfterMs,
  mode: 'transaction',
  pinSequences: true,
  statementTimeoutMs: 0,
  transactionTimeoutMs: 0,
  transactionIdleTimeoutMs: 0,
  clientIdleTimeoutMs: 0,
  waitTimeoutMs: ofPool.waitTimeoutMs,
  queryTimeoutMs: 0,
} as const satisfies { readonly [N in keyof typeof shape]: z.input<(typeof shape)[N]> };

function withDefaults<S extends Record<string, z.ZodType>>(
  schemas: S,
  values: Readonly<Record<keyof S, unknown>>,
): { [N in keyof S]: z.ZodDefault<S[N]> } {
  const entries = Object.entries(schemas).map(([name, schema]) => [name, schema.default(values[name])]);
  return Object.fromEntries(entries) as { [N in keyof S]: z.ZodDefault<S[N]> };
}

/** Settings that apply to everybody. */
export const globalSettings = z.strictObject({
  ...withDefaults(shape, defaults),
  workloadClass: workloadClass.optional(),
});
/** What a database or a user may override. */
export const scopedSettings = z.strictObject({ ...shape, workloadClass }).partial();
/** What an application may override; it has no pool of its own. */
export const applicationSettings = z
  .strictObject({ ...ofClients, ...ofSessions, ...ofStatements, workloadClass })
  .partial();
/** What `SET pgproxy.*` accepts. */
export const sessionSettings = z
  .strictObject({ ...ofSessions, ...ofStatements, workloadClass: claimedClass })
  .partial();
/** What a hint in a statement accepts. */
export const statementSettings = z.strictObject({ ...ofStatements, workloadClass: claimedClass }).partial();

export type ScopedSettings = z.infer<typeof globalSettings>;
export type SessionSettings = z.infer<typeof sessionSettings>;
export type StatementSettings = z.infer<typeof statementSettings>;
