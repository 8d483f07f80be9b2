import type { Node, TransactionStmt, TransactionStmtKind } from 'libpg-query';
import { bodyOf, constantText } from './ast.ts';

export type TransactionVerb =
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'release'
  | 'rollbackTo'
  | 'prepare'
  | 'commitPrepared'
  | 'rollbackPrepared';

export interface TransactionControl {
  readonly verb: TransactionVerb;
  /** Name of a savepoint. */
  readonly name?: string;
  /** AND CHAIN: a new transaction begins at once. */
  readonly isChained: boolean;
  readonly isolation?: string;
  readonly isReadOnly?: boolean;
}

const verbs: Record<TransactionStmtKind, readonly [verb: TransactionVerb, command: string]> = {
  TRANS_STMT_BEGIN: ['begin', 'BEGIN'],
  TRANS_STMT_START: ['begin', 'START TRANSACTION'],
  TRANS_STMT_COMMIT: ['commit', 'COMMIT'],
  TRANS_STMT_ROLLBACK: ['rollback', 'ROLLBACK'],
  TRANS_STMT_SAVEPOINT: ['savepoint', 'SAVEPOINT'],
  TRANS_STMT_RELEASE: ['release', 'RELEASE'],
  TRANS_STMT_ROLLBACK_TO: ['rollbackTo', 'ROLLBACK'],
  TRANS_STMT_PREPARE: ['prepare', 'PREPARE TRANSACTION'],
  TRANS_STMT_COMMIT_PREPARED: ['commitPrepared', 'COMMIT PREPARED'],
  TRANS_STMT_ROLLBACK_PREPARED: ['rollbackPrepared', 'ROLLBACK PREPARED'],
};

export function transactionCommand(statement: TransactionStmt): string {
  return verbs[statement.kind ?? 'TRANS_STMT_BEGIN'][1];
}

export function transactionControl(statement: TransactionStmt): TransactionControl {
  const isolation = option(statement.options, 'transaction_isolation');
  const readOnly = option(statement.options, 'transaction_read_only');
  return {
    verb: verbs[statement.kind ?? 'TRANS_STMT_BEGIN'][0],
    ...(statement.savepoint_name === undefined ? {} : { name: statement.savepoint_name }),
    isChained: statement.chain === true,
    ...(isolation === undefined ? {} : { isolation }),
    ...(readOnly === undefined ? {} : { isReadOnly: readOnly === '1' }),
  };
}

function option(options: readonly Node[] | undefined, name: string): string | undefined {
  for (const node of options ?? []) {
    const element = bodyOf(node, 'DefElem');
    if (element?.defname === name) return constantText(element.arg);
  }
  return undefined;
}
