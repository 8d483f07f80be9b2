import type { DraftedItem, DraftedMessage } from './admit.ts';
import { classifyMessage, idReused, type ClassifyOptions } from './classify-message.ts';
import type { KnownOperation, KnownOperations } from './known-operations.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { itemId, type Draft, type RefusedItem } from './translation/draft.ts';
import type { Translator } from './translation/translator.ts';

export interface DrafterOptions {
  readonly identityKey: Uint8Array;
  readonly known: KnownOperations;
  readonly translator: Translator;
  readonly nowMs: () => number;
  readonly dedupeWindowMs: number;
}

/** Turns messages into drafts of operations and recognises repeats. Costs one query of the status store per run. */
export class Drafter {
  readonly #options: DrafterOptions;
  readonly #classifyOptions: ClassifyOptions;

  constructor(options: DrafterOptions) {
    const { identityKey, known, dedupeWindowMs } = options;
    this.#options = options;
    this.#classifyOptions = {
      known,
      dedupeWindowMs,
      operationId: (message, item) => itemId(message, item, identityKey),
    };
  }

  /** Drafts the messages of a run; the result has their order. */
  async draft(run: readonly IncomingMessage[]): Promise<readonly DraftedMessage[]> {
    const { known, nowMs } = this.#options;
    // An id generated for one HTTP request cannot be in the store.
    const found = await known.find(
      run
        .filter((one) => !one.isIdDerived || one.place !== undefined || one.resend !== undefined)
        .map(({ opId }) => opId),
    );
    const now = nowMs();
    return Promise.all(run.map((message) => this.#draftOne(message, found.get(message.opId), now)));
  }

  async #draftOne(message: IncomingMessage, first: KnownOperation | undefined, nowMs: number): Promise<DraftedMessage> {
    const classification = classifyMessage(message, first, nowMs, this.#classifyOptions);
    if (classification.kind === 'problem') return { message, items: [], problem: classification.problem };
    if (classification.kind === 'repeat') {
      return {
        message,
        items: classification.operations.map((operation, item) => ({ kind: 'repeat', item, operation })),
      };
    }
    const time = message.attributes.time ?? new Date(nowMs).toISOString();
    const translated = await this.#options.translator.translate(message, time);
    if ('problem' in translated) return { message, items: [], problem: translated.problem };
    return { message, items: await this.#withoutRepeats(message, translated.items, first) };
  }

  /** Marks the repeated items of a message that was accepted in part. @param first what is known of item 0 */
  async #withoutRepeats(
    message: IncomingMessage,
    items: readonly (Draft | RefusedItem)[],
    first: KnownOperation | undefined,
  ): Promise<readonly DraftedItem[]> {
    if (first === undefined && items.length === 1) return items;
    const further = items.flatMap((item) => (item.kind === 'draft' && item.opId !== message.opId ? [item.opId] : []));
    const known = further.length === 0 ? undefined : await this.#options.known.find(further);
    return items.map((item) => {
      if (item.kind === 'refused') return item;
      const before = item.opId === message.opId ? first : known?.get(item.opId);
      if (before === undefined) return item;
      if (before.digest === message.digest) return { kind: 'repeat', item: item.item, operation: before };
      return { kind: 'refused', item: item.item, problem: idReused(before, message.digest) };
    });
  }
}
