import { encodeDeadLetter, type NewRecord, type OperationOutcome, type Routing } from '@medrex/contracts';
import type { LiveOperation } from './live-operation.ts';

/** The dead letters of the operations of a Fabric transaction that ended dead. @param outcomes in the order of the operations */
export function deadLettersOf(
  operations: readonly LiveOperation[],
  outcomes: readonly OperationOutcome[],
): readonly NewRecord[] {
  return operations.flatMap((operation, at) => {
    const outcome = outcomes[at];
    if (outcome?.status !== 'dead') return [];
    return [encodeDeadLetter({ routing: routingOf(operation), operationBytes: operation.bytes }, outcome.code)];
  });
}

function routingOf(operation: LiveOperation): Routing {
  const { sealedName, class: operationClass, acceptedAtMs, item, deadlineMs, traceparent } = operation;
  return {
    sealedName,
    class: operationClass,
    acceptedAtMs,
    item,
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(traceparent !== undefined && { traceparent }),
  };
}
