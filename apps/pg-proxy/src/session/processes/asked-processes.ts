import type { Framer } from '@medrex/pg-wire';
import type { Client } from '../client/client.ts';
import type { ClientHost } from '../client/client-options.ts';
import { processIdsIn } from './process-ids.ts';

/** The sessions that a client's message names by process ids: each gets a backend, whose number takes the place of the client's. */
export class AskedProcesses {
  readonly #host: Pick<ClientHost, 'clientOf'>;
  /** Clients that were to get a backend before the message at hand goes on. */
  readonly #asked = new Set<Client>();

  constructor(host: Pick<ClientHost, 'clientOf'>) {
    this.#host = host;
  }

  get isWaiting(): boolean {
    return this.#asked.size > 0;
  }

  /** True: one must get a backend first. `goOn` is called then, and the message is to be looked at again. */
  mustWait(framer: Framer, upstream: string, goOn: () => void): boolean {
    for (const found of processIdsIn(framer)) {
      const client = this.#host.clientOf(found.id);
      if (client === undefined || client.pooled.pool.name.upstream !== upstream) continue;
      const isAsked = this.#asked.has(client);
      const backend = isAsked ? client.backend : client.errands.hold(goOn);
      if (backend?.key !== undefined) found.become(backend.key.processId);
      else if (!isAsked && client.errands.awaitsBackend) {
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
