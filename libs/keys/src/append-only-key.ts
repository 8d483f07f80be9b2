import type { StateKey } from './declared-key.ts';
import { familyLetters, familyParts } from './family.ts';
import { type KeyRange, type KeySpace, prefixRange, stateKey } from './state-key.ts';

/** A record that is written once and never changed: an audit event, a note, a version of a resource. */
export interface AppendOnlyRecord {
  readonly space: KeySpace;
  readonly entity: string;
  readonly subject: string;
  /** Unique within the subject; taken from the operation's id, so that no two operations write one key. */
  readonly id: string;
}

/** Key of a record with a single writer: a blind write that conflicts with nothing. */
export function appendOnlyKey({ space, entity, subject, id }: AppendOnlyRecord): StateKey {
  return stateKey(space, entity, familyLetters.appendOnly, subject, id);
}

/** The inverse of `appendOnlyKey`; undefined for keys of other families. */
export function parseAppendOnlyKey(key: string): AppendOnlyRecord | undefined {
  const found = familyParts(key, 'appendOnly', 2);
  if (found === undefined) return undefined;
  const [subject = '', id = ''] = found.parts;
  return { space: found.space, entity: found.entity, subject, id };
}

/** Bounds of all records of one subject, or of the whole entity without one. */
export function appendOnlyRange(of: {
  readonly space: KeySpace;
  readonly entity: string;
  readonly subject?: string;
}): KeyRange {
  const subject = of.subject === undefined ? [] : [of.subject];
  return prefixRange(of.space, of.entity, familyLetters.appendOnly, ...subject);
}
