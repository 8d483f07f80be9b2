import type { SharedLink } from '../shared-link.ts';

interface LinkState {
  readonly subscribers: ((message: string | undefined) => void)[];
  isCut: boolean;
  /** Holds sent messages back here; the sender gets an error. */
  heldBack?: string[];
}

/** Links between instances in memory. The link of each instance can be cut, in both directions. */
export class MemoryLinks {
  readonly #links = new Map<string, LinkState>();
  readonly #sent: string[] = [];
  /** Registered instances. */
  readonly present = new Set<string>();

  of(instance: string): SharedLink {
    const link: LinkState = { subscribers: [], isCut: false };
    this.#links.set(instance, link);
    const publish = async (message?: string): Promise<void> => {
      if (link.isCut) throw new Error('cut');
      if (message !== undefined) (link.heldBack ?? this.#sent).push(message);
      if (link.heldBack !== undefined) throw new Error('took too long');
    };
    return {
      publish,
      invalidate: () => publish(),
      announce: async (name, message) => {
        await publish(message);
        return [...this.present.add(name)];
      },
      leave: async (name, message) => {
        await publish(message);
        this.present.delete(name);
      },
      unregister: async (name) => {
        await publish();
        this.present.delete(name);
      },
      subscribe: (heard) => {
        link.subscribers.push(heard);
        return () => {
          const at = link.subscribers.indexOf(heard);
          if (at >= 0) link.subscribers.splice(at, 1);
        };
      },
    };
  }

  /** Delivers all sent messages, in order. */
  async deliver(): Promise<void> {
    for (const message of this.#sent.splice(0))
      for (const { subscribers, isCut } of this.#links.values())
        if (!isCut) for (const hear of subscribers) hear(message);
    await new Promise((resolve) => setImmediate(resolve));
  }

  cut(instance: string): void {
    const link = this.#links.get(instance);
    if (link !== undefined) link.isCut = true;
  }

  /** Holds back what an instance sends from now on; each call of the returned function delivers the next of these messages. */
  holdBack(instance: string): () => void {
    const link = this.#links.get(instance);
    const heldBack: string[] = [];
    if (link !== undefined) link.heldBack = heldBack;
    return () => this.#sent.push(...heldBack.slice(0, 1));
  }

  /** Ends a cut; messages sent meanwhile are lost. */
  restore(instance: string): void {
    const link = this.#links.get(instance);
    if (link?.isCut !== true) return;
    link.isCut = false;
    this.reconnect(instance);
  }

  /** Current subscriptions of an instance receive nothing any more, without notice. */
  dropSubscriptions(instance: string): void {
    this.#links.get(instance)?.subscribers.splice(0);
  }

  reconnect(instance: string): void {
    for (const hear of this.#links.get(instance)?.subscribers ?? []) hear(undefined);
  }
}
