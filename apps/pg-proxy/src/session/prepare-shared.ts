import { close, parseAs } from '@medrex/pg-wire';
import type { Backend } from './backend.ts';
import { owed, unasked, type Undo } from './expected-answers.ts';
import type { Statement } from './statements.ts';

/** Prepares a statement that all clients share where the backend does not have it. False: the server passes over everything. */
export function prepareShared(backend: Backend, statement: Statement): boolean {
  if (backend.prepared.touch(statement)) return true;
  return prepareNew(backend, statement, owed.parse | unasked, () => backend.prepared.delete(statement));
}

/** As `prepareShared`, of one that the backend does not have: the one used longest ago goes first where there would be too many. */
export function prepareNew(
  { expected, outbox, prepared, traffic }: Backend,
  statement: Statement,
  entry: number,
  undo: Undo,
): boolean {
  if (expected.isSkipping) return false;
  traffic.serverParses++;
  const oldest = prepared.makeRoom();
  if (oldest !== undefined) {
    expected.push(owed.close | unasked, () => prepared.add(oldest));
    outbox.push(close({ of: 'statement', name: oldest.name }));
  }
  expected.push(entry, undo);
  outbox.push(parseAs(statement.name, statement.key));
  prepared.add(statement);
  return true;
}
