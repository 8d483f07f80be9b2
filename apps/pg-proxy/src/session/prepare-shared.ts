import { close, parseAs } from '@medrex/pg-wire';
import type { Backend } from './backend.ts';
import { owed, unasked } from './expected-answers.ts';
import type { Statement } from './statements.ts';

/** Prepares a statement that all clients share where the backend does not have it. False: the server passes over everything. */
export function prepareShared(backend: Backend, statement: Statement): boolean {
  if (backend.prepared.touch(statement)) return true;
  const undo = (): void => backend.prepared.delete(statement);
  if (!backend.expected.push(owed.parse | unasked, undo)) return false;
  makeRoom(backend, statement);
  backend.outbox.push(parseAs(statement.name, statement.key));
  return true;
}

/** Notes that a statement is about to be prepared; the one used longest ago goes where there would be too many. */
export function makeRoom(backend: Backend, statement: Statement): void {
  backend.traffic.serverParses++;
  const oldest = backend.prepared.add(statement);
  if (oldest === undefined) return;
  backend.expected.push(owed.close | unasked);
  backend.outbox.push(close({ of: 'statement', name: oldest.name }));
}
