import type { EpochId } from './epochs.ts';

/** The message channel between instances that cache answers of the same databases; in production by Redis. */
export interface SharedLink {
  /**
   * Increments the shared epochs and publishes a message. Once it has resolved, every subscriber receives this message before any later one.
   * It rejects if the message may not have been published.
   */
  publish(message: string, changed?: SharedChange): Promise<void>;
  /** Only increments the shared epochs. */
  invalidate(changed: SharedChange): Promise<void>;
  /** Publishes a message and registers this instance. Returns all registered instances, this one included. */
  announce(instance: string, message: string): Promise<readonly string[]>;
  /** Publishes a message and unregisters this instance. */
  leave(instance: string, message: string): Promise<void>;
  /** Unregisters an instance that ended without goodbye. Its last changes are unknown, so all shared answers become invalid. */
  unregister(instance: string): Promise<void>;
  /** Subscribes to all messages, those of this instance too. `heard(undefined)`: messages before this may have been missed. Returns unsubscribe. */
  subscribe(onMessage: (message: string | undefined) => void): () => void;
}

export interface SharedChange {
  readonly database: string;
  readonly ids: readonly EpochId[];
}

/** A cache shared by all instances; an answer is found only while no relation that it was read from has changed. */
export interface SharedAnswers {
  /** Returns the answer, or a token for `keep`. Rejects: ask the server, and do not cache. */
  find(question: SharedQuestion): Promise<{ readonly answer: Uint8Array | undefined; readonly token: string }>;
  /** Caches an answer, unless a relation has changed since `find` returned the token. */
  store(question: SharedQuestion, token: string, answer: Uint8Array, ttlMs: number): Promise<void>;
}

export interface SharedQuestion extends SharedChange {
  readonly key: string;
}
