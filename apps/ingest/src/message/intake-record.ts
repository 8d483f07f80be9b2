import { topics, type LogRecord } from '@medrex/contracts';
import type { MessageIdentifier } from '../identify.ts';
import type { Problem } from '../problem.ts';
import { readEvent } from './event-message.ts';
import type { IncomingMessage, ReadMessage } from './incoming-message.ts';

/** The result of reading a record of an intake topic. */
export type IntakeReading =
  | { readonly kind: 'message'; readonly message: IncomingMessage }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** Reads a record of an intake topic as a message with its name. */
export function readIntakeRecord(record: LogRecord, identifier: MessageIdentifier): IntakeReading {
  const reading = readEvent(record);
  if (reading.kind === 'problem') return reading;
  const message = record.topic === topics.intakeUrgent ? asOrder(reading.message) : reading.message;
  return { kind: 'message', message: identifier.record(message, record) };
}

/** Messages of the urgent topic have class cpoe unless the sender gives another. */
function asOrder(message: ReadMessage): ReadMessage {
  return { ...message, attributes: { class: 'cpoe', ...message.attributes } };
}
