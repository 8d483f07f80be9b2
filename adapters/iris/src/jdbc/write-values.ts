import type { SqlValue } from '@medrex/sql-driver';
import type { FrameWriter } from './frame-writer.ts';

const kinds = {
  text: 1,
  integer: 2,
  decimal: 3,
  double: 4,
  boolean: 5,
  bytes: 6,
  date: 7,
  time: 8,
  timestamp: 9,
  list: 10,
} as const;

/** Writes the parameters of a call. */
export function writeValues(frame: FrameWriter, values: readonly SqlValue[]): void {
  frame.integer(values.length);
  for (const value of values) writeValue(frame, value);
}

function writeValue(frame: FrameWriter, value: SqlValue): void {
  if (value === null) {
    frame.kind(0);
    return;
  }
  frame.kind(kinds[value.as]);
  if (value.as === 'bytes') frame.bytes(value.bytes);
  else if (value.as === 'list') {
    frame.integer(value.items.length);
    for (const item of value.items) frame.text(item);
  } else frame.text(value.text);
}
