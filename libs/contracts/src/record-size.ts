import { contractError } from './errors.ts';
import type { NewRecord } from './event-log.ts';
import { recordBytesMax } from './topic-table.ts';

/** Size of a record for the limits: value, key and headers. */
export function recordSize({ key, value, headers }: NewRecord): number {
  let bytes = value.length + (key === undefined ? 0 : Buffer.byteLength(key));
  for (const [name, content] of headers ?? []) bytes += Buffer.byteLength(name) + content.length;
  return bytes;
}

/**
 * Checks that every log makes before an append; returns the record's size.
 * @param place topic and partition, for the error
 * @throws CodedError RECORD_TOO_LARGE, RECORD_KEY_MISSING
 */
export function checkRecord(place: string, record: NewRecord, isCompacted: boolean): number {
  if (isCompacted && record.key === undefined) {
    throw contractError('RECORD_KEY_MISSING', `${place}: a record without a key`);
  }
  const bytes = recordSize(record);
  if (bytes <= recordBytesMax) return bytes;
  throw contractError(
    'RECORD_TOO_LARGE',
    `${place}: a record of ${bytes} bytes where ${recordBytesMax} (8 MiB) are taken`,
  );
}
