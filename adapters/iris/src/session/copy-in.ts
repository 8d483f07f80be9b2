import { copyResponse, frontend as from, readCopyData, readCopyFail, type WireType } from '@medrex/pg-wire';
import { irisSql } from '@medrex/sql';
import type { SqlValue } from '@medrex/sql-driver';
import { sqlValueOf } from '../values/parameter-values.ts';
import { CopyRows } from './copy-rows.ts';
import type { Plan } from './plan.ts';
import type { SessionContext } from './session-context.ts';
import { SessionFault } from './session-fault.ts';

/** Rows that go to IRIS as one batch. */
const batchRows = 1_000;

type CopyInPlan = Extract<Plan, { kind: 'copyIn' }>;

/** COPY FROM STDIN as inserts, many at a time; the caller has begun a transaction. Returns the rows. @throws SessionFault */
export async function copyIn(
  { inbox, outlet, connection }: SessionContext,
  plan: CopyInPlan,
  typeOf: (column: string) => WireType | undefined,
): Promise<number> {
  outlet.send(copyResponse({ direction: 'in', isBinary: false, columnFormats: plan.columns.map(() => 0) }));
  const sql = irisSql(plan.insert);
  const types = plan.columns.map(typeOf);
  const rows = new CopyRows(plan.options, { name: plan.relation.name, columns: plan.columns });
  let waiting: (string | null)[][] = [];
  let count = 0;
  const send = async (min: number): Promise<void> => {
    while (waiting.length > min) {
      const batch = waiting.splice(0, batchRows);
      await connection.runMany(
        sql,
        batch.map((row) => valuesOf(row, types)),
      );
      count += batch.length;
    }
  };
  for (;;) {
    const message = await inbox.next();
    if (message === undefined) throw new SessionFault('08006', 'the client is gone');
    const { type, buffer, start, end } = message;
    if (type === from.copyData) {
      waiting = waiting.concat(rows.feed(readCopyData(buffer, start, end)));
      await send(batchRows - 1);
    } else if (type === from.copyDone) {
      waiting = waiting.concat(rows.end());
      await send(0);
      return count;
    } else if (type === from.copyFail) {
      throw new SessionFault('57014', `COPY from stdin failed: ${readCopyFail(buffer, start, end) ?? ''}`);
    } else if (type !== from.sync && type !== from.flush) {
      throw new SessionFault('08P01', 'unexpected message during COPY from stdin');
    }
  }
}

function valuesOf(row: readonly (string | null)[], types: readonly (WireType | undefined)[]): readonly SqlValue[] {
  return row.map((text, place) => {
    const bytes = text === null ? null : Buffer.from(text, 'utf8');
    return sqlValueOf({ bytes, isBinary: false, type: types[place] }, 'value');
  });
}
