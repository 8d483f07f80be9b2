import { ordererAddress } from '../compare/fabric-metrics.ts';
import type { TranslateLoad } from '../compare/translate-load.ts';
import { UsageError } from '../terminal/usage-error.ts';
import type { LoadMessage } from './message.ts';

export interface ForeignWriteCounts {
  readonly valid: number;
  readonly invalid: number;
  /** Refused by an endorser, or unanswered. */
  readonly failed: number;
}

export interface ForeignWritersOptions {
  /** Address of orderer-dag with the model gateway. */
  readonly ordererUrl: string;
  /** Uses the vault of ingest, so that it gives the same keys. */
  readonly translate: TranslateLoad;
  readonly chaincode: string;
  /** Maximum tries of an invalid write, endorsed again each time; 1 by default. */
  readonly tries?: number;
}

/**
 * Another application on the same ledger, which writes without Medrex, one operation per Fabric transaction, to keys that Medrex uses
 * too. On the embedded ledger it uses the model gateway.
 */
export class ForeignWriters {
  readonly #options: ForeignWritersOptions;
  readonly #counts = { valid: 0, invalid: 0, failed: 0 };
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: ForeignWritersOptions) {
    this.#options = options;
  }

  get counts(): ForeignWriteCounts {
    return { ...this.#counts };
  }

  /** @throws UsageError when there is no model gateway */
  async check(): Promise<void> {
    const answer = await this.#post('/model/evaluate', { fn: 'readRecord', args: [base64(Buffer.from('0'))] }).catch(
      () => undefined,
    );
    if (answer?.ok === true) return;
    throw new UsageError(
      `there is no model of Fabric at ${this.#options.ordererUrl}`,
      'Foreign writers need --orderer-url with the address of orderer-dag on the embedded ledger, as printed by `medrex start`.',
    );
  }

  /** Writes a message and counts its result. */
  write(message: LoadMessage): void {
    const writing = this.#write(message)
      .catch(() => void (this.#counts.failed += 1))
      .finally(() => this.#inFlight.delete(writing));
    this.#inFlight.add(writing);
  }

  /** Waits for all writes in flight. */
  async settled(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  async #write(message: LoadMessage): Promise<void> {
    const { translate, tries = 1 } = this.#options;
    for (const item of await translate(message)) {
      for (let left = tries; left > 0 && (await this.#transact(item)) === 'invalid'; left -= 1);
    }
  }

  async #transact(item: Uint8Array): Promise<keyof ForeignWriteCounts> {
    const answer = await this.#post('/model/transactions', { fn: 'executeBatch', args: [base64(item)] });
    const { code } = (await answer.json()) as { readonly code?: string };
    const end = code === undefined ? 'failed' : code === 'VALID' ? 'valid' : 'invalid';
    this.#counts[end] += 1;
    return end;
  }

  #post(path: string, request: { readonly fn: string; readonly args: readonly string[] }): Promise<Response> {
    const { ordererUrl, chaincode } = this.#options;
    const body = JSON.stringify({ chaincode, creator: 'ForeignMSP', ...request });
    return fetch(ordererAddress(ordererUrl) + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
