import { describe, expect, it } from '@jest/globals';
import type { DeclaredKey } from '@medrex/keys';
import { LiveQueues } from './live-queues.ts';
import { declared } from './testing/index.ts';

/** Queues whose operations are named by seq, with every event recorded as text. */
class Scene {
  readonly events: string[] = [];
  readonly queues = new LiveQueues({
    onReady: (operation) => this.events.push(`ready ${this.queues.seqOf(operation)}`),
    onBlocked: (operation) => this.events.push(`blocked ${this.queues.seqOf(operation)}`),
    onReordered: () => undefined,
  });
  readonly #operations = new Map<number, number>();

  admit(seq: number, ...keys: readonly DeclaredKey[]): this {
    this.#operations.set(seq, this.queues.admit(seq, keys));
    return this;
  }

  at(seq: number): number {
    return this.#operations.get(seq)!;
  }

  take(flight: number, ...seqs: readonly number[]): void {
    for (const seq of seqs) this.queues.take(this.at(seq), flight);
  }

  remove(...seqs: readonly number[]): void {
    for (const seq of seqs) {
      this.queues.remove(this.at(seq), true);
      this.#operations.delete(seq);
    }
  }

  ready(): readonly number[] {
    return [...this.#operations].filter(([, operation]) => this.queues.isReady(operation)).map(([seq]) => seq);
  }

  /** Completes all ready operations, in seq order, until none is left. Returns the order. */
  order(): readonly number[] {
    const order: number[] = [];
    while (this.#operations.size > 0) {
      const [next] = this.ready().toSorted((a, b) => a - b);
      if (next === undefined) throw new Error('locked');
      order.push(next);
      this.remove(next);
    }
    expect(this.queues.isEmpty).toBe(true);
    return order;
  }
}

const write = declared('write', 'k');
const read = declared('read', 'k');
const ensure = declared('ensure', 'k');

describe('a place by seq', () => {
  it('is found between writers that were admitted before', () => {
    const scene = new Scene().admit(10, write).admit(30, write).admit(20, write);
    expect(scene.order()).toEqual([10, 20, 30]);
  });

  it('is found between readers: the later ones wait for the writer', () => {
    const scene = new Scene();
    for (const seq of [10, 20, 30, 40]) scene.admit(seq, read);
    scene.admit(25, write);
    expect(scene.ready()).toEqual([10, 20]);
    expect(scene.events).toContain('blocked 30');
    scene.remove(10, 20);
    expect(scene.ready()).toEqual([25]);
    scene.remove(25);
    expect(scene.ready()).toEqual([30, 40]);
    scene.order();
  });

  it('is after what a flight has taken, and in order again when the flight returns it', () => {
    const scene = new Scene().admit(20, write).admit(10, declared('read', 'other'));
    scene.take(1, 20);
    scene.queues.widen(scene.at(10), write, 'waiting');
    expect(scene.ready()).toEqual([20]);
    scene.queues.giveBack([scene.at(20)]);
    expect(scene.ready()).toEqual([10]);
    expect(scene.order()).toEqual([10, 20]);
  });

  it("does not lock two operations that were widened by each other's keys while one was taken", () => {
    const scene = new Scene().admit(10, declared('write', 'a')).admit(20, declared('write', 'b'));
    scene.take(1, 20);
    scene.queues.widen(scene.at(10), declared('write', 'b'), 'waiting');
    scene.queues.giveBack([scene.at(20)]);
    scene.queues.widen(scene.at(20), declared('write', 'a'), 'waiting');
    expect(scene.order()).toEqual([10, 20]);
  });

  it('keeps readers by seq, so that an ensure that becomes the writer is after all earlier ones', () => {
    const scene = new Scene().admit(10, ensure).admit(30, ensure);
    scene.take(1, 10);
    scene.admit(20, read);
    scene.queues.remove(scene.at(10), false);
    expect(scene.queues.isReady(scene.at(20))).toBe(true);
    expect(scene.queues.isReady(scene.at(30))).toBe(false);
  });

  it('of a write makes the ensures behind it writers again: it may be a delete', () => {
    const scene = new Scene().admit(10, ensure).admit(20, ensure).admit(30, ensure).admit(15, write);
    scene.remove(10, 15);
    expect(scene.ready()).toEqual([20]);
    scene.remove(20);
    expect(scene.ready()).toEqual([30]);
    scene.order();
  });

  it('keeps them so when the writer between two groups moves away', () => {
    const scene = new Scene().admit(10, ensure).admit(25, ensure).admit(26, write).admit(15, declared('read', 'x'));
    scene.take(1, 10, 25, 26);
    scene.queues.widen(scene.at(15), read, 'waiting'); // behind 26, which is in flight
    scene.queues.giveBack([10, 25, 26].map((seq) => scene.at(seq)));
    scene.queues.remove(scene.at(10), false);
    expect([15, 25, 26].map((seq) => scene.queues.isReady(scene.at(seq)))).toEqual([true, false, false]);
  });
});

describe('mayTouch', () => {
  it('is false when another flight holds the key in conflict, or an earlier operation waits for it', () => {
    const scene = new Scene()
      .admit(10, write)
      .admit(20, read)
      .admit(30, declared('write', 'a'))
      .admit(5, declared('write', 'b'));
    scene.take(1, 5);
    scene.take(2, 30);
    expect(scene.queues.mayTouch(scene.at(5), write)).toBe(true); // before 10, which waits
    expect(scene.queues.mayTouch(scene.at(30), read)).toBe(false); // 10 is earlier
    scene.take(3, 10);
    expect(scene.queues.mayTouch(scene.at(5), write)).toBe(false); // 10 is in flight
  });

  it('lets readers touch what other flights read', () => {
    const scene = new Scene().admit(10, read).admit(20, declared('write', 'a'));
    scene.take(1, 10);
    scene.take(2, 20);
    expect([scene.queues.mayTouch(scene.at(20), read), scene.queues.mayTouch(scene.at(20), write)]).toEqual([
      true,
      false,
    ]);
  });

  it('places a held key before waiting entries, which are blocked from then on', () => {
    const scene = new Scene().admit(10, declared('write', 'a')).admit(20, write);
    scene.take(1, 10);
    scene.queues.widen(scene.at(10), write, 'taken');
    expect(scene.events).toEqual(['blocked 20']);
    expect(scene.queues.covers(scene.at(10), write)).toBe(true);
    expect(scene.order()).toEqual([10, 20]);
  });

  it('is checked again when an ensure that relied on the key had to create it', () => {
    const scene = new Scene().admit(10, ensure).admit(20, ensure).admit(30, ensure);
    scene.remove(10);
    scene.take(1, 20);
    scene.take(2, 30);
    expect(scene.queues.covers(scene.at(20), ensure)).toBe(false);
    expect(scene.queues.mayTouch(scene.at(20), ensure)).toBe(false);
  });
});

describe('a write of a flight on a key that a later ensure relies on', () => {
  it('is refused: the ensure, taken by the flight too, would become a writer behind a reader that waits', () => {
    const scene = new Scene().admit(10, ensure).admit(40, read).admit(50, ensure);
    scene.take(1, 10, 50);
    expect(scene.queues.mayTouch(scene.at(10), write)).toBe(false);
  });

  it('is refused: the ensure, which waits, would become a writer before a reader that the flight took', () => {
    const scene = new Scene().admit(10, ensure).admit(40, ensure).admit(50, read);
    scene.take(1, 10, 50);
    expect(scene.queues.mayTouch(scene.at(10), write)).toBe(false);
  });

  it('takes its place when the flight has given its operations back', () => {
    const scene = new Scene().admit(10, ensure).admit(40, read).admit(50, ensure);
    scene.take(1, 10, 50);
    scene.queues.giveBack([scene.at(10), scene.at(50)]);
    scene.queues.widen(scene.at(10), write, 'waiting');
    expect(scene.order()).toEqual([10, 40, 50]);
  });
});

describe('large queues', () => {
  it('insert 10,000 widened writers near the head of 100,000 quickly', () => {
    const scene = new Scene();
    for (let seq = 0; seq < 100_000; seq += 1) scene.admit(seq * 10, write);
    const startedMs = performance.now();
    for (let seq = 0; seq < 10_000; seq += 1) scene.admit(seq * 10 + 5, declared('read', 'x'));
    for (let seq = 0; seq < 1_000; seq += 1) scene.queues.widen(scene.at(seq * 10 + 5), write, 'waiting');
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(scene.queues.longestQueue()).toBe(101_000);
  });
});
