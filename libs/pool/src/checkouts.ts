import { clientState } from './errors.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { PooledClient } from './pooled-client.ts';
import type { SlotShares } from './slot-shares.ts';
import type { WorkloadClass } from './workload-class.ts';

/** The checkouts of a pool: links clients and backends, and counts them by class, by application and as pinned. */
export class Checkouts<C, B> {
  /** Clients that keep their backend across transactions. */
  pinned = 0;
  readonly #title: string;
  readonly #shares: SlotShares;

  constructor(title: string, shares: SlotShares) {
    this.#title = title;
    this.#shares = shares;
  }

  mayCheckOut({ application, workClass }: PooledClient<C, B>): boolean {
    return !application.isReached && this.#shares.mayHold(workClass);
  }

  checkOut(backend: PooledBackend<C, B>, client: PooledClient<C, B>): void {
    backend.client = client;
    client.backend = backend;
    client.application.held += 1;
    this.#shares.take(client.workClass);
  }

  checkIn(backend: PooledBackend<C, B>, client: PooledClient<C, B>): void {
    this.unpin(client);
    this.setRunning(client);
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
  changeClass(client: PooledClient<C, B>, workClass: WorkloadClass): void {
    this.setRunning(client);
    this.#shares.giveBack(client.workClass);
    client.workClass = workClass;
    this.#shares.take(workClass);
  }

  /** No statement runs in the client's transaction: it stops counting against the share of its class. */
  setIdleInTransaction(client: PooledClient<C, B>): void {
    client.isIdleInTransaction = true;
    this.#shares.addIdleInTransaction(client.workClass);
  }

  setRunning(client: PooledClient<C, B>): void {
    if (!client.isIdleInTransaction) return;
    client.isIdleInTransaction = false;
    this.#shares.removeIdleInTransaction(client.workClass);
  }
}
