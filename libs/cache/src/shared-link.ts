import type { EpochId } from './epochs.ts';

/** What several instances that keep answers of the same databases tell each other by. Redis, in earnest. */
export interface SharedLink {
  /**
   * Counts the epochs on, and tells everybody. When it resolves, whoever hears of it later hears of this first.
   * It rejects when it may not have been told.
   */
  tell(message: string, changed?: SharedChange): Promise<void>;
  /** Tells it, and writes this instance down. @returns everybody who is written down, itself included */
  present(instance: string, message: string): Promise<readonly string[]>;
  /** Tells it, and strikes itself off. */
  leave(instance: string, message: string): Promise<void>;
  /** Strikes off one that ended without a word: what it has changed is not known, so nothing kept there is found any more. */
  strike(instance: string): Promise<void>;
  /** Everything that is told, one's own too. Undefined: what was told until now may have been missed. */
  listen(heard: (message: string | undefined) => void): () => void;
}

export interface SharedChange {
  readonly database: string;
  readonly ids: readonly EpochId[];
}

/** Answers that all instances share; each is found only while nothing has changed that it was read from. */
export interface SharedAnswers {
  /** With the answer, or with what `keep` takes. Rejects: ask the server, and keep nothing. */
  find(question: SharedQuestion): Promise<{ readonly answer: Uint8Array | undefined; readonly token: string }>;
  /** Kept only if nothing has changed since `find` gave the token. */
  keep(question: SharedQuestion, token: string, answer: Uint8Array, ttlMs: number): Promise<void>;
}

export interface SharedQuestion extends SharedChange {
  readonly key: string;
}
