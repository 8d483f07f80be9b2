import { close, parseAs } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, hidden, type Undo } from '../backend/expected-answers.ts';
import { keyWithDescribedTypes, type Statement } from './statements.ts';

/** Prepares a shared statement if the backend does not have it. False: the server is skipping messages. */
export function prepareShared(backend: Backend, statement: Statement): boolean {
  const { prepared } = backend;
  const { name } = statement;
  if (prepared.touch(name)) return true;
  const undo = (): void => prepared.delete(name);
  return prepareNew(backend, statement, owed.parse | hidden, undo, keyWithDescribedTypes(statement));
}

/** Its Parse may still be skipped while the current message is not, because a Sync lies between them. */
export function isUncertain({ prepared, expected }: Backend, { name }: Statement): boolean {
  const undo = prepared.undos.get(name);
  if (undo === undefined) return false;
  const isSynced = expected.isSyncedBehind(undo);
  if (isSynced === undefined) prepared.undos.delete(name);
  return isSynced === true;
}

/**
 * As `prepareShared`, for a statement that the backend does not have; if there would be too many, the least recently used one is closed
 * first.
 */
export function prepareNew(
  { expected, outbox, prepared, traffic }: Backend,
  statement: Statement,
  entry: number,
  undo: Undo,
  key = statement.key,
): boolean {
  if (expected.isSkipping) return false;
  traffic.serverParses++;
  const oldest = prepared.makeRoom();
  if (oldest !== undefined) {
    expected.push(owed.close | hidden, () => prepared.add(oldest));
    outbox.push(close({ kind: 'statement', name: oldest }));
  }
  expected.push(entry, undo);
  outbox.push(parseAs(statement.name, key));
  prepared.add(statement.name);
  prepared.undos.set(statement.name, undo);
  return true;
}
