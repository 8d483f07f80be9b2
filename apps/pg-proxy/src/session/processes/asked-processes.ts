import type { Framer } from '@medrex/pg-wire';
import type { Client } from '../client/client.ts';
import type { ClientHost } from '../client/client-options.ts';
import { processIdsIn } from './process-ids.ts';

/**
 * Replaces the process ids of clients that a message names by those of their backends; each of these clients gets a backend to keep first.
 */
export class AskedProcesses {
  readonly #host: Pick<ClientHost, 'clientOf'>;
  /** Clients that have yet to get a backend before the message can go on. */
  readonly #asked = new Set<Client>();

  constructor(host: Pick<ClientHost, 'clientOf'>) {
    this.#host = host;
  }

  get isWaiting(): boolean {
    return this.#asked.size > 0;
  }

  /** True: a client must get a backend first; `goOn` is called then, and the message is to be processed again. */
  mustWait(framer: Framer, upstream: string, goOn: () => void): boolean {
    for (const found of processIdsIn(framer)) {
      const client = this.#host.clientOf(found.id);
      if (client === undefined || client.pooled.pool.name.upstream !== upstream) continue;
      const isAsked = this.#asked.has(client);
      const backend = isAsked ? client.backend : client.extraCheckouts.hold(goOn);
      if (backend?.key !== undefined) found.become(backend.key.processId);
      else if (!isAsked && client.extraCheckouts.awaitsBackend) {
        this.#asked.add(client);
        return true;
      }
    }
    this.forget();
    return false;
  }

  forget(): void {
    this.#asked.clear();
  }
}
