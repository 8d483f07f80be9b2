import { noticeResponse } from '@medrex/pg-wire';
import { standardPage } from '../database/page-sizes.ts';
import type { Plan } from './plan.ts';
import { boundText } from './run-iris.ts';
import type { SessionContext } from './session-context.ts';

/** Runs BEGIN, COMMIT, SAVEPOINT and the like. Returns the command tag. @throws SessionFault, SqlFailure */
export async function controlTransaction(
  context: SessionContext,
  { statement, steps }: Extract<Plan, { kind: 'transaction' }>,
): Promise<string> {
  const { transaction, settings, connection } = context;
  const control = statement.transaction ?? { verb: 'begin', isChained: false };
  const run = async (): Promise<void> => {
    for (const step of steps) await connection.run(boundText(step, []).sql, [], standardPage);
  };
  switch (control.verb) {
    case 'begin':
      settings.begin();
      if (control.isReadOnly !== undefined) setReadOnly(context, control.isReadOnly);
      if (!(await transaction.begin(settings.isReadOnly)))
        warn(context, '25001', 'there is already a transaction in progress');
      return statement.command;
    case 'commit': {
      if (control.isChained) transaction.expectBlock('COMMIT AND CHAIN');
      if (!isInBlock(context)) warn(context, '25P01', 'there is no transaction in progress');
      const isKept = await transaction.commit();
      await ended(context, isKept, control.isChained);
      return isKept ? 'COMMIT' : 'ROLLBACK';
    }
    case 'rollback':
      if (control.isChained) transaction.expectBlock('ROLLBACK AND CHAIN');
      if (!isInBlock(context)) warn(context, '25P01', 'there is no transaction in progress');
      await transaction.rollback();
      await ended(context, false, control.isChained);
      return 'ROLLBACK';
    case 'rollbackTo':
      transaction.expectBlock('ROLLBACK TO SAVEPOINT');
      settings.restore(await transaction.rollbackTo(control.name ?? '', run));
      return 'ROLLBACK';
    default:
      transaction.expectBlock(statement.command);
      await run();
      if (control.verb === 'savepoint') transaction.saved(control.name ?? '', settings.saved());
      if (control.verb === 'release') transaction.release(control.name ?? '');
      return statement.command;
  }
}

const isInBlock = ({ transaction }: SessionContext): boolean => transaction.isOpen;

async function ended({ settings, transaction }: SessionContext, isKept: boolean, isChained: boolean): Promise<void> {
  settings.end(isKept);
  if (!isChained) return;
  settings.begin();
  await transaction.begin(settings.isReadOnly);
}

/** SET TRANSACTION: sets modes of the open transaction only. */
export function setModes(context: SessionContext, isReadOnly: boolean | undefined): void {
  if (!context.transaction.isOpen) warn(context, '25P01', 'SET TRANSACTION can only be used in transaction blocks');
  else if (isReadOnly !== undefined) setReadOnly(context, isReadOnly);
}

function setReadOnly({ settings }: SessionContext, isReadOnly: boolean): void {
  settings.set('transaction_read_only', isReadOnly ? 'on' : 'off', true);
}

function warn({ outlet }: SessionContext, sqlstate: string, message: string): void {
  outlet.send(noticeResponse({ severity: 'WARNING', sqlstate, message }));
}
