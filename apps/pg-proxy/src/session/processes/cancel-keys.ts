import { Buffer } from 'node:buffer';
import type { BackendKeyData, CancelRequest } from '@medrex/pg-wire';
import { randomInt, timingSafeEqual } from 'node:crypto';
import { randomBytesOf } from '../../random-bytes.ts';
import type { Client } from '../client/client.ts';
import { processIdMin } from './process-ids.ts';

interface Held {
  /** Undefined: a client of the console, where there is nothing to cancel. */
  readonly client: Client | undefined;
  readonly secretKey: Buffer;
}

/** A process id is positive in 32 bits: eight bits for the instance, the rest for the client. */
const clientBits = 23;

/** The number of the instance that issued this key; 0 where instances have none. */
export function instanceOf({ processId }: Pick<CancelRequest, 'processId'>): number {
  return processId >>> clientBits;
}

/**
 * Issues the keys by which clients cancel their requests. They are random and independent of the backend's (in session mode the process id
 * is the backend's, the secret is not), so nobody can guess another client's key. They carry the number of the instance, so that any of
 * several instances knows whose request it received.
 */
export class CancelKeys {
  readonly #held = new Map<number, Held>();
  readonly #instance: number | undefined;

  /** @param instance this instance's number among its peers, below 256; undefined: it has none */
  constructor(instance: number | undefined) {
    this.#instance = instance;
  }

  /** @param minor protocol 3.minor: since 3.2 a key may be long */
  give(client: Client, minor: number): BackendKeyData {
    let processId = this.#idOfBackend(client) ?? this.#newId();
    while (this.#held.has(processId)) processId = this.#newId();
    const secretKey = randomBytesOf(minor >= 2 ? 32 : 4);
    this.#held.set(processId, { client, secretKey });
    client.processId = processId;
    return { processId, secretKey };
  }

  /** Reserves the number of a client of the console until it is released. */
  reserve(): number {
    let processId = this.#newId();
    while (this.#held.has(processId)) processId = this.#newId();
    this.#held.set(processId, { client: undefined, secretKey: Buffer.alloc(0) });
    return processId;
  }

  release(processId: number): void {
    this.#held.delete(processId);
  }

  /**
   * A client that keeps its backend for the whole session has its process id, too, unless there are peers, which could not tell whose it
   * is.
   */
  #idOfBackend({ mode, backend }: Client): number | undefined {
    const { processId = 0 } = backend?.key ?? {};
    const isOwn = mode === 'session' && this.#instance === undefined;
    return isOwn && processId > 0 && processId < processIdMin ? processId : undefined;
  }

  /** The client with this process id; undefined: no client of this instance. */
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
