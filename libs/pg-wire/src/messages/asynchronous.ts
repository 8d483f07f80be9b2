import { bodyAt, BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { backend } from '../message-types.ts';

export interface ParameterStatus {
  readonly name: string;
  readonly value: string;
}

export function parameterStatus({ name, value }: ParameterStatus): Buffer {
  return new BodyWriter().begin(backend.parameterStatus).cString(name).cString(value).end().take();
}

export function readParameterStatus(buffer: Buffer, start: number, end: number): ParameterStatus | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const name = reader.cString();
  const value = reader.cString();
  return reader.isDone ? { name, value } : undefined;
}

/** A NotificationResponse, by which LISTEN receives a NOTIFY. */
export interface Notification {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

export function notificationResponse({ processId, channel, payload }: Notification): Buffer {
  const writer = new BodyWriter().begin(backend.notificationResponse).uint32(processId);
  return writer.cString(channel).cString(payload).end().take();
}

export function readNotification(buffer: Buffer, start: number, end: number): Notification | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const processId = reader.uint32();
  const channel = reader.cString();
  const payload = reader.cString();
  return reader.isDone ? { processId, channel, payload } : undefined;
}
