import type { Framer } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import type { Note, Undo } from '../backend/expected-answers.ts';
import type { Outbox } from '../backend/outbox.ts';
import type { Watched } from '../left-behind/watched.ts';
import type { Prepared } from './client-portals.ts';
import type { HoldsBack } from './row-shapes.ts';

/** What becomes of the message at hand. */
export interface Wire extends HoldsBack {
  /** To the client. */
  readonly outbox: Outbox;
  /** From here on it goes to the backend as it is, with all that is still to come of it. */
  pass(from: number): void;
  malformed(): void;
  /** True: the message at hand names a session that must have a backend first, and is looked at again then. */
  awaitsProcess(): boolean;
  /** A statement may want that nobody is in some database. */
  vacates(text: string): void;
  /** True: the message at hand waits for a backend that has served nobody. */
  renews(text: string, backend: Backend): boolean;
  /** How a text is read that is prepared now. @param backend within its transaction, where nothing is under way but what may set that */
  reading(backend?: Backend): string;
  /** What `reading` ends with where the session has temporary tables. */
  readonly temporaryMark: string | undefined;
  /** What it is about to take back of what its session began with is set again. */
  setAgain(watched: Watched, backend: Backend): void;
  /** What follows a statement that is run; undefined where nobody does. */
  noteOf(watched: Watched | undefined, prepared: Prepared): Note | undefined;
}

/** The message at hand goes to the backend as it is. */
export function passAsIs(wire: Wire, { start }: Framer, backend: Backend, kind: number, undo?: Undo): void {
  if (backend.expected.push(kind, undo)) wire.pass(start);
  else undo?.(true);
}
