import { expect, it } from '@jest/globals';
import type { LogRecord, NewRecord } from './event-log.ts';
import { decodeRefusedMessage, encodeRefusedMessage, type RefusedMessage } from './refused-message.ts';
import { recordBytesMax } from './topic-table.ts';

const refused: RefusedMessage = {
  intake: { topic: 'medrex.ehr.intake.v1', partition: 4, offset: 90_211 },
  code: 'BODY_NOT_JSON',
  reason: 'The body is not JSON.',
  refusedAtMs: 1_790_000_000_300,
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  sealed: Buffer.from('sealed'),
};

const logged = ({ key, value, headers = new Map() }: NewRecord): LogRecord => ({
  topic: 'medrex.ehr.intake.v1.dlq',
  partition: 0,
  offset: 7,
  timestampMs: 0,
  key,
  value,
  headers,
});

it('a refused message comes back as it was written', () => {
  expect(decodeRefusedMessage(logged(encodeRefusedMessage(refused)))).toEqual(refused);
});

it('one that is too large for the log is stored without its bytes', () => {
  const large = { ...refused, sealed: new Uint8Array(recordBytesMax) };
  expect(decodeRefusedMessage(logged(encodeRefusedMessage(large)))).toEqual({ ...refused, sealed: new Uint8Array() });
});

it('an invalid one is reported with its place', () => {
  const record = logged({ value: Buffer.from('a') });
  expect(() => decodeRefusedMessage(record)).toThrow('medrex.ehr.intake.v1.dlq/0 offset 7: not a refused message');
});
