import { describe, expect, it } from '@jest/globals';
import { encodeOperation } from '@medrex/execute-batch';
import { decodeDeadLetter, encodeDeadLetter } from './dead-letter.ts';
import type { LogRecord, NewRecord } from './event-log.ts';
import { encodeOperations } from './operations-record.ts';
import { anAcceptedOperation } from './testing/builders.ts';
import { topics } from './topics.ts';

const stored = ({ value, headers = new Map() }: NewRecord): LogRecord => ({
  topic: topics.deadLetters,
  partition: 0,
  offset: 7,
  key: undefined,
  value,
  headers,
  timestampMs: 5,
});

describe('a dead letter', () => {
  it('returns the operation as it was accepted, and the reason', () => {
    const { routing, operation } = anAcceptedOperation({
      operation: { bodies: [Buffer.from('c2VhbGVk')] },
      routing: { class: 'cpoe', item: 3 },
    });
    const operationBytes = encodeOperation(operation);
    const letter = decodeDeadLetter(stored(encodeDeadLetter({ routing, operationBytes }, 'EXPIRED')));
    expect(letter).toMatchObject({ routing, reason: 'EXPIRED', atMs: 5 });
    expect(letter.operation.opId).toBe(operation.opId);
    expect(Buffer.from(letter.operationBytes)).toEqual(Buffer.from(operationBytes));
  });

  it('is not read from a record without a reason or with several operations', () => {
    const [two] = encodeOperations([anAcceptedOperation({}), anAcceptedOperation({})]) as [Uint8Array];
    const [one] = encodeOperations([anAcceptedOperation({})]) as [Uint8Array];
    const reason = new Map([['reason', Buffer.from('POISON')]]);
    for (const record of [{ value: two, headers: reason }, { value: one }, { value: Buffer.from('nonsense') }]) {
      expect(() => decodeDeadLetter(stored(record))).toThrow(`${topics.deadLetters}/0 offset 7`);
    }
  });
});
