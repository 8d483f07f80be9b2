import { bytesOf, losslessText, noticeResponse } from '@medrex/pg-wire';

/** Bytes of a name that PostgreSQL keeps. */
const nameBytesMax = 63;

/** What a server says at login where the name of an application is longer than it keeps; nothing otherwise. */
export function longNameNotice(application: string): Buffer | undefined {
  const bytes = bytesOf(application);
  if (bytes.length <= nameBytesMax) return undefined;
  let end = nameBytesMax;
  // Not within a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  const kept = losslessText(bytes, 0, end);
  const message = `identifier "${application}" will be truncated to "${kept}"`;
  return noticeResponse({ severity: 'NOTICE', sqlstate: '42622', message });
}
