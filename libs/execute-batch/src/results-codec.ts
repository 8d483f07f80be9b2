import { CodedError } from '@medrex/coded-error';
import type { JsonValue, OperationResult } from './contract.ts';
import { executeBatchErrors } from './errors.ts';
import { packKeys, unpackKeys } from './mode-letters.ts';

interface PackedResult {
  readonly o: string;
  readonly h: string;
  /** Absent for applied. */
  readonly s?: OperationResult['status'];
  /** Absent for OK. */
  readonly c?: string;
  readonly m?: string;
  readonly d?: JsonValue;
  /** Absent if it equals that of the payload. */
  readonly t?: string;
  readonly p?: true;
  readonly a?: string;
  readonly u?: readonly string[];
}

/**
 * Encodes results as the response payload of `executeBatch`: JSON with one-letter names, the transaction id once. It is
 * in every block, so usual values are left out.
 */
export function encodeResults(results: readonly OperationResult[]): Uint8Array {
  const txId = results.find((result) => result.isRepeat !== true)?.txId ?? results[0]?.txId ?? '';
  return Buffer.from(JSON.stringify({ t: txId, r: results.map((result) => pack(result, txId)) }));
}

/**
 * The inverse of `encodeResults`.
 * @throws CodedError INVALID_RESULTS
 */
export function decodeResults(payload: Uint8Array): OperationResult[] {
  const decoded = parse(payload);
  if (decoded === undefined)
    throw new CodedError(executeBatchErrors.INVALID_RESULTS, 'response payload holds no results');
  return decoded.r.map((packed) => unpack(packed, decoded.t));
}

function pack(result: OperationResult, txId: string): PackedResult {
  return {
    o: result.opId,
    h: result.sourceHash,
    ...(result.status === 'applied' ? {} : { s: result.status }),
    ...(result.code === 'OK' ? {} : { c: result.code }),
    ...(result.message === undefined ? {} : { m: result.message }),
    ...(result.detail === undefined ? {} : { d: result.detail }),
    ...(result.txId === txId ? {} : { t: result.txId }),
    ...(result.isRepeat === true ? { p: true } : {}),
    ...(result.author === undefined ? {} : { a: result.author }),
    ...(result.undeclared.length === 0 ? {} : { u: packKeys(result.undeclared) }),
  };
}

function unpack(packed: PackedResult, txId: string): OperationResult {
  const undeclared = unpackKeys(packed.u ?? []);
  if (undeclared === undefined)
    throw new CodedError(executeBatchErrors.INVALID_RESULTS, 'a result names keys that are none');
  return {
    opId: packed.o,
    sourceHash: packed.h,
    status: packed.s ?? 'applied',
    code: packed.c ?? 'OK',
    ...(packed.m === undefined ? {} : { message: packed.m }),
    ...(packed.d === undefined ? {} : { detail: packed.d }),
    txId: packed.t ?? txId,
    ...(packed.p === undefined ? {} : { isRepeat: true }),
    ...(packed.a === undefined ? {} : { author: packed.a }),
    undeclared,
  };
}

function parse(payload: Uint8Array): { readonly t: string; readonly r: readonly PackedResult[] } | undefined {
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString());
  } catch {
    return undefined;
  }
  const { t, r } = (decoded ?? {}) as { readonly t?: unknown; readonly r?: unknown };
  return typeof t === 'string' && Array.isArray(r) ? { t, r: r as readonly PackedResult[] } : undefined;
}
