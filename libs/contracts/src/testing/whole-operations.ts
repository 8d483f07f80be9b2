import { decodeOperation } from '@medrex/execute-batch';
import type { AcceptedOperation, SequencedOperation } from '../accepted-operation.ts';
import type { LogRecord } from '../event-log.ts';
import { decodeOperations } from '../operations-record.ts';

/** A sequenced operation with the facts and bodies that the pipeline itself does not read. */
export type WholeOperation = SequencedOperation & AcceptedOperation;

/** As `decodeOperations`, but with facts and bodies, for tests. */
export function wholeOperations(record: LogRecord): WholeOperation[] {
  return decodeOperations(record).map((one) => ({ ...one, operation: decodeOperation(one.operationBytes) }));
}
