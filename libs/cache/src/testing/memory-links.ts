import type { SharedLink } from '../shared-link.ts';

interface Way {
  readonly heard: ((message: string | undefined) => void)[];
  isCut: boolean;
  /** Holds sent messages back here; the sender gets an error. */
  lying?: string[];
}

/** Links between instances in memory. The link of each instance can be cut, in both directions. */
export class MemoryLinks {
  readonly #ways = new Map<string, Way>();
  readonly #told: string[] = [];
  /** Registered instances. */
  readonly present = new Set<string>();

  of(instance: string): SharedLink {
    const way: Way = { heard: [], isCut: false };
    this.#ways.set(instance, way);
    const tell = async (message?: string): Promise<void> => {
      if (way.isCut) throw new Error('cut');
      if (message !== undefined) (way.lying ?? this.#told).push(message);
      if (way.lying !== undefined) throw new Error('took too long');
    };
    return {
      tell,
      present: async (name, message) => {
        await tell(message);
        return [...this.present.add(name)];
      },
      leave: async (name, message) => {
        await tell(message);
        this.present.delete(name);
      },
      strike: async (name) => {
        await tell();
        this.present.delete(name);
      },
      listen: (heard) => {
        way.heard.push(heard);
        return () => {
          const at = way.heard.indexOf(heard);
          if (at >= 0) way.heard.splice(at, 1);
        };
      },
    };
  }

  /** Delivers all sent messages, in order. */
  async deliver(): Promise<void> {
    for (const message of this.#told.splice(0))
      for (const { heard, isCut } of this.#ways.values()) if (!isCut) for (const hear of heard) hear(message);
    await new Promise((resolve) => setImmediate(resolve));
  }

  cut(instance: string): void {
    const way = this.#ways.get(instance);
    if (way !== undefined) way.isCut = true;
  }

  /** Holds back what an instance sends from now on; each call of the returned function delivers the next of these messages. */
  late(instance: string): () => void {
    const way = this.#ways.get(instance);
    const lying: string[] = [];
    if (way !== undefined) way.lying = lying;
    return () => this.#told.push(...lying.slice(0, 1));
  }

  /** Ends a cut; messages sent meanwhile are lost. */
  mend(instance: string): void {
    const way = this.#ways.get(instance);
    if (way?.isCut !== true) return;
    way.isCut = false;
    this.reconnect(instance);
  }

  /** Current subscriptions of an instance receive nothing any more, without notice. */
  deafen(instance: string): void {
    this.#ways.get(instance)?.heard.splice(0);
  }

  reconnect(instance: string): void {
    for (const hear of this.#ways.get(instance)?.heard ?? []) hear(undefined);
  }
}
