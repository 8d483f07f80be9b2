import { clientState } from './errors.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { PooledClient } from './pooled-client.ts';
import type { SlotShares } from './slot-shares.ts';
import type { WorkloadClass } from './workload-class.ts';

/** The checkouts of a pool: links clients and backends, and counts them by class, by application and as pinned. */
export class Holdings<C, B> {
  /** Clients that keep their backend across transactions. */
  pinned = 0;
  readonly #title: string;
  readonly #shares: SlotShares;

  constructor(title: string, shares: SlotShares) {
    this.#title = title;
    this.#shares = shares;
  }

  mayHold({ application, workClass }: PooledClient<C, B>): boolean {
    return !application.isReached && this.#shares.mayHold(workClass);
  }

  give(backend: PooledBackend<C, B>, client: PooledClient<C, B>): void {
    backend.client = client;
    client.backend = backend;
    client.application.held += 1;
    this.#shares.take(client.workClass);
  }

  take(backend: PooledBackend<C, B>, client: PooledClient<C, B>): void {
    this.unpin(client);
    this.wake(client);
    backend.client = undefined;
    client.backend = undefined;
    client.application.held -= 1;
    this.#shares.giveBack(client.workClass);
  }

  pin(client: PooledClient<C, B>): void {
    if (client.backend === undefined) throw clientState(this.#title, 'cannot keep a backend that it does not have');
    if (client.isPinned) return;
    client.isPinned = true;
    this.pinned += 1;
  }

  unpin(client: PooledClient<C, B>): void {
    if (!client.isPinned) return;
    client.isPinned = false;
    this.pinned -= 1;
  }

  /** Counts the checkout under another class, even if that exceeds the share of the class. */
  reclass(client: PooledClient<C, B>, workClass: WorkloadClass): void {
    this.wake(client);
    this.#shares.giveBack(client.workClass);
    client.workClass = workClass;
    this.#shares.take(workClass);
  }

  /** No statement runs in the client's transaction: it stops counting against the share of its class. */
  rest(client: PooledClient<C, B>): void {
    client.isResting = true;
    this.#shares.rest(client.workClass);
  }

  wake(client: PooledClient<C, B>): void {
    if (!client.isResting) return;
    client.isResting = false;
    this.#shares.wake(client.workClass);
  }
}
