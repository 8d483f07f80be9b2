import type { IncomingMessage } from './message/incoming-message.ts';

/**
 * Names that are being worked on. Of messages with one name, in one run or in racing requests, the first goes ahead and the rest
 * wait for it: by then it is known whether it was accepted, and with which digest.
 */
export class Arrivals {
  readonly #done = new Map<string, Promise<void>>();

  /**
   * Divides a run into what goes ahead and what has to wait.
   * @param done settles when everything that goes ahead is known by its name, or refused.
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

  /** Resolves when nobody works on this name any more; the next to claim it goes ahead. */
  async settled(opId: string): Promise<void> {
    await this.#done.get(opId);
  }

  release(run: readonly IncomingMessage[]): void {
    for (const { opId } of run) this.#done.delete(opId);
  }
}
