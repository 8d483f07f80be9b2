import { copyResponse, frontend as from, readCopyData, readCopyFail, type WireType } from '@medrex/pg-wire';
import { irisSql } from '@medrex/sql';
import type { SqlValue } from '@medrex/sql-driver';
import { sqlValueOf } from '../values/parameter-values.ts';
import { CopyBinaryRows } from './copy-binary-rows.ts';
import { CopyRows } from './copy-rows.ts';
import type { Plan } from './plan.ts';
import type { SessionContext } from './session-context.ts';
import { SessionFault } from './session-fault.ts';

/** Rows of a batch sent to IRIS. */
const batchRows = 1_000;

type CopyInPlan = Extract<Plan, { kind: 'copyIn' }>;

/** Runs COPY FROM STDIN as batched inserts within the caller's transaction. Returns the number of rows. @throws SessionFault */
export async function copyIn(
  { inbox, outlet, timed }: SessionContext,
  plan: CopyInPlan,
  typeOf: (column: string) => WireType | undefined,
): Promise<number> {
  const isBinary = plan.options.format === 'binary';
  const columnFormats = plan.columns.map(() => Number(isBinary));
  const sql = irisSql(plan.insert);
  const types = plan.columns.map(typeOf);
  if (isBinary && types.includes(undefined))
    throw new SessionFault('0A000', 'COPY in binary format into a table of unknown columns');
  outlet.send(copyResponse({ direction: 'in', isBinary, columnFormats }));
  const table = { name: plan.relation.name, columns: plan.columns };
  const rows = isBinary ? new CopyBinaryRows(table) : new CopyRows(plan.options, table);
  let waiting: (string | Buffer | null)[][] = [];
  let count = 0;
  const send = async (min: number): Promise<void> => {
    while (waiting.length > min) {
      const batch = waiting.splice(0, batchRows);
      await timed.runMany(
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

/** Parameters of a row; fields are texts, or bytes in binary format. */
function valuesOf(
  row: readonly (string | Buffer | null)[],
  types: readonly (WireType | undefined)[],
): readonly SqlValue[] {
  return row.map((field, place) => {
    const isBinary = typeof field === 'object';
    const bytes = isBinary ? field : Buffer.from(field, 'utf8');
    return sqlValueOf({ bytes, isBinary, type: types[place] }, 'value');
  });
}
