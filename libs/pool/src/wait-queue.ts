import type { PooledClient } from './pooled-client.ts';

/** A queue of clients, first in first out; any client may be removed. A linked list through the clients themselves: all O(1). */
export class WaitQueue<C, B> {
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
    client.previous = this.#last;
    if (this.#last === undefined) this.#first = client;
    else this.#last.next = client;
    this.#last = client;
    this.#size += 1;
  }

  remove(client: PooledClient<C, B>): void {
    if (client.previous === undefined) this.#first = client.next;
    else client.previous.next = client.next;
    if (client.next === undefined) this.#last = client.previous;
    else client.next.previous = client.previous;
    client.previous = undefined;
    client.next = undefined;
    this.#size -= 1;
  }

  *[Symbol.iterator](): Generator<PooledClient<C, B>> {
    for (let client = this.#first; client !== undefined;) {
      const next: PooledClient<C, B> | undefined = client.next; // the consumer may remove the client
      yield client;
      client = next;
    }
  }
}
