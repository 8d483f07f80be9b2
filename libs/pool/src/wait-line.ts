import type { PooledClient } from './pooled-client.ts';

/** A queue of clients, first in first out; any client may be removed. A linked list through the clients themselves: all O(1). */
export class WaitLine<C, B> {
  #first: PooledClient<C, B> | undefined;
  #last: PooledClient<C, B> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): PooledClient<C, B> | undefined {
    return this.#first;
  }

  push(client: PooledClient<C, B>): void {
    client.before = this.#last;
    if (this.#last === undefined) this.#first = client;
    else this.#last.behind = client;
    this.#last = client;
    this.#size += 1;
  }

  remove(client: PooledClient<C, B>): void {
    if (client.before === undefined) this.#first = client.behind;
    else client.before.behind = client.behind;
    if (client.behind === undefined) this.#last = client.before;
    else client.behind.before = client.before;
    client.before = undefined;
    client.behind = undefined;
    this.#size -= 1;
  }

  *[Symbol.iterator](): Generator<PooledClient<C, B>> {
    for (let client = this.#first; client !== undefined;) {
      const next: PooledClient<C, B> | undefined = client.behind; // the consumer may remove the client
      yield client;
      client = next;
    }
  }
}
