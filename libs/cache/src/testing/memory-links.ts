import type { SharedLink } from '../shared-link.ts';

interface Way {
  readonly heard: ((message: string | undefined) => void)[];
  isCut: boolean;
  /** What it tells lies here, and its sender hears nothing of it. */
  lying?: string[];
}

/** What instances in one process tell each other by; each way can be cut, and nothing gets through in either direction then. */
export class MemoryLinks {
  readonly #ways = new Map<string, Way>();
  readonly #told: string[] = [];
  /** Who is written down. */
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

  /** Everybody hears what was told, in order. */
  async deliver(): Promise<void> {
    for (const message of this.#told.splice(0))
      for (const { heard, isCut } of this.#ways.values()) if (!isCut) for (const hear of heard) hear(message);
    await new Promise((resolve) => setImmediate(resolve));
  }

  cut(instance: string): void {
    const way = this.#ways.get(instance);
    if (way !== undefined) way.isCut = true;
  }

  /** From now on what it tells lies on its way, until it is called: then the first of it arrives. */
  late(instance: string): () => void {
    const way = this.#ways.get(instance);
    const lying: string[] = [];
    if (way !== undefined) way.lying = lying;
    return () => this.#told.push(...lying.slice(0, 1));
  }

  /** The way is there again; what was told meanwhile was not heard. */
  mend(instance: string): void {
    const way = this.#ways.get(instance);
    if (way?.isCut !== true) return;
    way.isCut = false;
    this.reconnect(instance);
  }

  /** Whoever listens now hears nothing any more, and is not told. */
  deafen(instance: string): void {
    this.#ways.get(instance)?.heard.splice(0);
  }

  reconnect(instance: string): void {
    for (const hear of this.#ways.get(instance)?.heard ?? []) hear(undefined);
  }
}
