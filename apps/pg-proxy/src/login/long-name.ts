import { bytesOf, losslessText, noticeResponse } from '@medrex/pg-wire';

/** How many bytes of a name PostgreSQL keeps. */
const nameBytesMax = 63;

/** The server's notice at login for an application name that is longer than it keeps; otherwise undefined. */
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
