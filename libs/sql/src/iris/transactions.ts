import type { TransactionStmt } from 'libpg-query';
import { transactionControl, type TransactionControl } from '../transaction-control.ts';
import { identifier } from './names.ts';
import { refuse } from './refusal.ts';

/** Prints a transaction statement, always with the isolation level: an IRIS process keeps that of earlier transactions, and defaults to READ UNCOMMITTED. */
export function printTransaction(statement: TransactionStmt): readonly string[] {
  const control = transactionControl(statement);
  const name = identifier(control.name ?? '');
  switch (control.verb) {
    case 'begin':
      return [`START TRANSACTION ${printModes(control)}`];
    case 'commit':
    case 'rollback': {
      const end = control.verb.toUpperCase();
      return control.isChained ? [end, `START TRANSACTION ${printModes(control)}`] : [end];
    }
    case 'savepoint':
      return [`SAVEPOINT ${name}`];
    case 'rollbackTo':
      return [`ROLLBACK TO SAVEPOINT ${name}`];
    case 'release':
      return []; // released with the transaction
    default:
      return refuse('a prepared transaction');
  }
}

export function printModes({
  isolation = 'read committed',
  isReadOnly,
}: Pick<TransactionControl, 'isolation' | 'isReadOnly'>): string {
  if (isolation !== 'read committed' && isolation !== 'read uncommitted') {
    return refuse(isolation.toUpperCase(), undefined, 'The highest isolation level of IRIS is READ COMMITTED.');
  }
  // READ UNCOMMITTED is READ COMMITTED in PostgreSQL.
  return `ISOLATION LEVEL READ COMMITTED${isReadOnly === undefined ? '' : isReadOnly ? ', READ ONLY' : ', READ WRITE'}`;
}
