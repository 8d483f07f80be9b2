import { Buffer } from 'node:buffer';
import type { BackendKeyData, CancelRequest } from '@medrex/pg-wire';
import { randomInt, timingSafeEqual } from 'node:crypto';
import { randomBytesOf } from '../../random-bytes.ts';
import type { Client } from '../client/client.ts';
import { processIdMin } from './process-ids.ts';

interface Held {
  /** Undefined: at the console, where there is nothing to cancel. */
  readonly client: Client | undefined;
  readonly secretKey: Buffer;
}

/** A process id is positive in 32 bits: eight of them are the instance, the rest the client. */
const clientBits = 23;

/** The instance that gave this key; 0 where instances have no numbers. */
export function instanceOf({ processId }: Pick<CancelRequest, 'processId'>): number {
  return processId >>> clientBits;
}

/**
 * Keys by which clients cancel what they have asked for: random, and of no backend (in session mode the number is, the secret is
 * not), so that nobody can guess another's. They carry the number of the instance, so that whichever of several gets the request knows whose it is.
 */
export class CancelKeys {
  readonly #held = new Map<number, Held>();
  readonly #instance: number | undefined;

  /** @param instance its number among its peers, below 256; undefined: it has none */
  constructor(instance: number | undefined) {
    this.#instance = instance;
  }

  /** @param minor protocol 3.minor: from 3.2 a key may be long */
  give(client: Client, minor: number): BackendKeyData {
    let processId = this.#idOfBackend(client) ?? this.#newId();
    while (this.#held.has(processId)) processId = this.#newId();
    const secretKey = randomBytesOf(minor >= 2 ? 32 : 4);
    this.#held.set(processId, { client, secretKey });
    client.processId = processId;
    return { processId, secretKey };
  }

  /** The number of somebody at the console, until it is released. */
  reserve(): number {
    let processId = this.#newId();
    while (this.#held.has(processId)) processId = this.#newId();
    this.#held.set(processId, { client: undefined, secretKey: Buffer.alloc(0) });
    return processId;
  }

  release(processId: number): void {
    this.#held.delete(processId);
  }

  /** Who has a backend for the whole session has its process id, too. Peers could not tell whose that is. */
  #idOfBackend({ mode, backend }: Client): number | undefined {
    const { processId = 0 } = backend?.key ?? {};
    const isOwn = mode === 'session' && this.#instance === undefined;
    return isOwn && processId > 0 && processId < processIdMin ? processId : undefined;
  }

  /** Whose process id this is; undefined: nobody's here. */
  clientOf(processId: number): Client | undefined {
    return this.#held.get(processId)?.client;
  }

  take(client: Client): void {
    this.#held.delete(client.processId);
  }

  find({ processId, secretKey }: CancelRequest): Client | undefined {
    const held = this.#held.get(processId);
    if (held?.secretKey.length !== secretKey.length) return undefined;
    return timingSafeEqual(held.secretKey, secretKey) ? held.client : undefined;
  }

  #newId(): number {
    if (this.#instance === undefined) return randomInt(processIdMin, 2 ** 31);
    return (this.#instance << clientBits) | randomInt(processIdMin, 2 ** clientBits);
  }
}
