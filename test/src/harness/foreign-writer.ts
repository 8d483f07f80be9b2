import { encodeOperation, operationItem } from '@medrex/execute-batch';
import { assetOperation, type AssetFacts } from '@medrex/execute-batch/testing';
import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from './stack.ts';

/** Another application on the same ledger, which writes without Medrex. */
export class ForeignWriter {
  readonly #stack: Stack;
  readonly #pauseMs: number;
  readonly #running: Promise<void>;
  #isEnding = false;
  #valid = 0;

  /** @param next returns its next action */
  constructor(stack: Stack, next: () => AssetFacts, pauseMs: number) {
    this.#stack = stack;
    this.#pauseMs = pauseMs;
    this.#running = this.#write(next);
  }

  /** Number of its transactions known to be valid; the results of some are unknown. */
  get valid(): number {
    return this.#valid;
  }

  async finish(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  async #write(next: () => AssetFacts): Promise<void> {
    for (let number = 0; !this.#isEnding; number++) {
      const operation = assetOperation(next(), { opId: `foreign-${number}` });
      const item = Buffer.from(operationItem(encodeOperation(operation))).toString('base64');
      // While orderer-dag is down the write is lost, as it may be for any client.
      const code = await this.#transact(item).catch(() => undefined);
      if (code === 'VALID') this.#valid += 1;
      await delay(this.#pauseMs);
    }
  }

  async #transact(item: string): Promise<string | undefined> {
    const request = { chaincode: 'medrex', fn: 'executeBatch', args: [item], creator: 'ForeignMSP' };
    const url = `${this.#stack.url('orderer-dag', 'model')}/model/transactions`;
    const init = { method: 'POST', body: JSON.stringify(request), signal: AbortSignal.timeout(5_000) };
    const answer = (await (await fetch(url, init)).json()) as { readonly code?: string };
    return answer.code;
  }
}
