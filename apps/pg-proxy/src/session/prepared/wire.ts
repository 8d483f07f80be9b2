import type { Framer } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import type { Note, Undo } from '../backend/expected-answers.ts';
import type { Outbox } from '../backend/outbox.ts';
import type { TrackedText } from '../state/tracked-text.ts';
import type { Prepared } from './client-portals.ts';
import type { HoldsBack } from './row-shapes.ts';

/** What can be done with the current message. */
export interface Wire extends HoldsBack {
  /** To the client. */
  readonly outbox: Outbox;
  /** Forwards the message unchanged to the backend from this position on, including what is still to come of it. */
  pass(from: number): void;
  malformed(): void;
  /** True: the message names a session that must get a backend first, and is processed again then. */
  awaitsProcess(): boolean;
  /** The statement may need a database without sessions. */
  mayNeedUnusedDatabase(text: string): void;
  /** True: the message waits for a backend that has served nobody else. */
  needsFreshBackend(text: string, backend: Backend): boolean;
  /**
   * The key by which a text prepared now is read. @param backend for its current transaction, if nothing outstanding may change the
   * settings
   */
  interpretation(backend?: Backend): string;
  /** The suffix of `reading` for a session with temporary tables. */
  readonly temporaryMark: string | undefined;
  /** Restores the start-up settings that the statement is about to reset. */
  restoreSettings(watched: TrackedText, backend: Backend): void;
  /** The note for a statement that runs; undefined: nobody tracks it. */
  noteOf(watched: TrackedText | undefined, prepared: Prepared): Note | undefined;
}

/** Forwards the current message unchanged to the backend. */
export function passAsIs(wire: Wire, { start }: Framer, backend: Backend, kind: number, undo?: Undo): void {
  if (backend.expected.push(kind, undo)) wire.pass(start);
  else undo?.(true);
}
