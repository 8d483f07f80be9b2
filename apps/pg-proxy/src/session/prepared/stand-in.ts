import { bind, close, describe, execute, parse, parseAs } from '@medrex/pg-wire';
import type { Buffer } from 'node:buffer';
import type { Backend } from '../backend/backend.ts';
import { owed, hidden, type Note, type Undo } from '../backend/expected-answers.ts';
import { statementPrefix, type StatementDescription } from './statements.ts';

/** A statement at the server that stands for one which the client deallocates or prepares again while others go on using it. */
export const standIn = `${statementPrefix}gone`;
export const deallocateStandIn = `DEALLOCATE ${standIn}`;

const prepareMessages: readonly Buffer[] = [
  close({ kind: 'statement', name: standIn }),
  parse({ name: standIn, text: '', parameterTypes: [] }),
];
/** The statement that deallocates it. */
const ownStatement = `${statementPrefix}deallocate`;
const closeDeallocate = close({ kind: 'statement', name: ownStatement });
const parseDeallocate = parse({ name: ownStatement, text: deallocateStandIn, parameterTypes: [] });

/** False: the server is skipping messages. */
export function prepareStandIn({ expected, outbox }: Backend): boolean {
  if (expected.isSkipping) return false;
  for (const kind of [owed.close, owed.parse]) expected.push(kind | hidden);
  for (const message of prepareMessages) outbox.push(message);
  return true;
}

/** Closes the stand-ins, if there are any: nobody is to see them. */
export function closeStandIn({ expected, outbox }: Backend): void {
  for (const name of [standIn, ownStatement])
    if (expected.push(owed.close | hidden)) outbox.push(close({ kind: 'statement', name }));
}

/** Sends a Parse whose name is taken: the server reports that, or whatever else is wrong. */
export function parseTakenName(backend: Backend, key: string, undo: Undo): void {
  if (!prepareStandIn(backend)) return;
  backend.expected.push(owed.parse, undo);
  backend.outbox.push(parseAs(standIn, key));
}

/** Sends a Parse of what the backend already has, in a failed transaction: the server decides whether it accepts it. */
export function parseAgain({ expected, outbox }: Backend, key: string, undo: Undo): boolean {
  if (!expected.push(owed.close | hidden)) return false;
  expected.push(owed.parse, undo);
  outbox.push(close({ kind: 'statement', name: standIn }));
  outbox.push(parseAs(standIn, key));
  return true;
}

/**
 * In a failed transaction a server prepares only what ends it, and describes only what it has and what returns no rows: for such a
 * statement that it does not have, an empty one with the same parameters is described.
 */
export function describeRowless({ expected, outbox }: Backend, { parameterTypes }: StatementDescription): void {
  if (expected.isSkipping) return;
  for (const kind of [owed.close, owed.parse]) expected.push(kind | hidden);
  expected.push(owed.describe);
  outbox.push(close({ kind: 'statement', name: standIn }));
  outbox.push(parse({ name: standIn, text: '', parameterTypes }));
  outbox.push(describe({ kind: 'statement', name: standIn }));
}

/**
 * Replaces an Execute that deallocates: its portal becomes one that deallocates the stand-in, so that it has run and cannot run again. If
 * the stand-in is gone or never existed, the server says so.
 */
export function executeDeallocate({ expected, outbox }: Backend, note: Note, portal: string): void {
  if (expected.isSkipping) return;
  for (const kind of [owed.describe, owed.close, owed.parse, owed.close, owed.bind]) expected.push(kind | hidden);
  expected.push(owed.execute, note.undo, note);
  expected.push(owed.close | hidden);
  outbox.push(describe({ kind: 'portal', name: portal }));
  // Removes what an earlier, failed one has left.
  outbox.push(closeDeallocate);
  outbox.push(parseDeallocate);
  outbox.push(close({ kind: 'portal', name: portal }));
  outbox.push(bind({ portal, statement: ownStatement, parameterFormats: [], parameters: [], resultFormats: [] }));
  outbox.push(execute({ portal, rowsMax: 0 }));
  outbox.push(closeDeallocate);
}
