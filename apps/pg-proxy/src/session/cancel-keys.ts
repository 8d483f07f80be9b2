import type { BackendKeyData, CancelRequest } from '@medrex/pg-wire';
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Client } from './client.ts';

interface Held {
  readonly client: Client;
  readonly secretKey: Buffer;
}

/** Keys by which clients cancel what they have asked for: random, and of no backend, so that nobody can guess another's. */
export class CancelKeys {
  readonly #held = new Map<number, Held>();

  /** @param minor protocol 3.minor: from 3.2 a key may be long */
  give(client: Client, minor: number): BackendKeyData {
    let processId = randomInt(1, 2 ** 31);
    while (this.#held.has(processId)) processId = randomInt(1, 2 ** 31);
    const secretKey = randomBytes(minor >= 2 ? 32 : 4);
    this.#held.set(processId, { client, secretKey });
    client.processId = processId;
    return { processId, secretKey };
  }

  take(client: Client): void {
    this.#held.delete(client.processId);
  }

  find({ processId, secretKey }: CancelRequest): Client | undefined {
    const held = this.#held.get(processId);
    if (held?.secretKey.length !== secretKey.length) return undefined;
    return timingSafeEqual(held.secretKey, secretKey) ? held.client : undefined;
  }
}
