import type { IncomingMessage } from './message/incoming-message.ts';

/**
 * The (source, id) names being processed. Of several messages with one name, in one run or in concurrent requests, the first is
 * processed and the others wait for it; then it is known whether it was accepted, and with which digest.
 */
export class Arrivals {
  readonly #done = new Map<string, Promise<void>>();

  /**
   * Splits a run into the messages to process now and those that have to wait.
   * @param done settles when all messages of the first group are accepted or refused
   */
  claim(
    run: readonly IncomingMessage[],
    done: Promise<void>,
  ): { readonly first: readonly number[]; readonly later: readonly number[] } {
    const first: number[] = [];
    const later: number[] = [];
    run.forEach(({ opId }, index) => {
      if (this.#done.has(opId)) {
        later.push(index);
        return;
      }
      first.push(index);
      this.#done.set(opId, done);
    });
    return { first, later };
  }

  /** Resolves when this name is no longer being processed; the next to claim it goes first. */
  async settled(opId: string): Promise<void> {
    await this.#done.get(opId);
  }

  release(run: readonly IncomingMessage[]): void {
    for (const { opId } of run) this.#done.delete(opId);
  }
}
