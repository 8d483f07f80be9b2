import type { EpochId } from './epochs.ts';

/** Messages between instances. */
export type Message =
  /** `heard`: the number of the last beat that the sender had received, by instance. */
  | {
      readonly kind: 'beat';
      readonly from: string;
      readonly beat: number;
      readonly heard: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'bye'; readonly from: string }
  | { readonly kind: 'changed'; readonly from: string; readonly database: string; readonly ids: readonly EpochId[] };

/** Undefined: not a message of this version. */
export function readMessage(text: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { kind, from, database, ids, beat, heard } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof from !== 'string') return undefined;
  if (kind === 'bye') return { kind, from };
  if (kind === 'beat')
    return isNumbers(heard) && Number.isInteger(beat) ? { kind, from, beat: Number(beat), heard } : undefined;
  const isChange =
    kind === 'changed' && typeof database === 'string' && Array.isArray(ids) && ids.every(Number.isInteger);
  return isChange ? { kind, from, database, ids: ids as readonly EpochId[] } : undefined;
}

function isNumbers(value: unknown): value is Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isInteger);
}
