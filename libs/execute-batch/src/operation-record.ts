import { canonicalJson } from './canonical-json.ts';
import type { JsonValue, OperationResult } from './contract.ts';

/** The record on the ledger of how an operation ended: written once, never changed, and deleted only by a prune. */
export interface OperationRecord {
  readonly sourceHash: string;
  readonly status: OperationResult['status'];
  readonly code: string;
  readonly txId: string;
  /** YYYY-MM-DD of the operation's own time. A repeat has the same, so one dedupe window applies to both. */
  readonly day: string;
  readonly message?: string;
  readonly detail?: JsonValue;
  /** The author whose signature was verified; absent if only ingest is responsible. */
  readonly author?: string;
}

const attested = 'attested by ingest';
const signedBy = 'signed by ';

/** Encodes a record as a state value: canonical JSON with one-letter names. */
export function encodeRecord(record: OperationRecord): Uint8Array {
  const { sourceHash, status, code, txId, day, message, detail, author } = record;
  const text = JSON.stringify;
  const said = message === undefined ? '' : `,"m":${text(message)}`;
  const answer = detail === undefined ? '' : `,"r":${canonicalJson(detail)}`;
  return Buffer.from(
    `{"a":"${author === undefined ? attested : signedBy + author}","c":${text(code)},"d":${text(day)},"h":${text(sourceHash)}${said}${answer},"s":"${status}","t":${text(txId)}}`,
  );
}

/** The inverse of `encodeRecord`; undefined for other bytes, which a foreign writer wrote. */
export function decodeRecord(value: Uint8Array): OperationRecord | undefined {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()) as typeof fields;
  } catch {
    return undefined;
  }
  const { a, c, d, h, m, r, s, t } = fields;
  if (typeof c !== 'string' || typeof d !== 'string' || typeof h !== 'string' || typeof t !== 'string')
    return undefined;
  if (s !== 'applied' && s !== 'rejected' && s !== 'dead') return undefined;
  return {
    sourceHash: h,
    status: s,
    code: c,
    txId: t,
    day: d,
    ...(typeof m === 'string' ? { message: m } : {}),
    ...(r === undefined ? {} : { detail: r as JsonValue }),
    ...(typeof a === 'string' && a.startsWith(signedBy) ? { author: a.slice(signedBy.length) } : {}),
  };
}
