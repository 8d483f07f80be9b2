import type { ColumnRef, Node } from 'libpg-query';
import { isPlace } from '../ast.ts';
import type { Aggregate } from './aggregates.ts';
import type { Typed } from './compiled.ts';
import type { Scope } from './scope.ts';

/** The GROUP BY of a query: a grouped row has the keys and then the aggregates. */
export class Grouping {
  readonly #scope: Scope;
  readonly #keys = new Map<string, number>();
  readonly keys: Typed[] = [];
  readonly aggregates: Aggregate[] = [];

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  addKey(node: Node, key: Typed): void {
    const shape = this.#shapeOf(node);
    if (this.#keys.has(shape)) return;
    this.#keys.set(shape, this.keys.length);
    this.keys.push(key);
  }

  /** The index of the key that an expression equals; undefined if none. */
  keyOf(node: Node): number | undefined {
    return this.#keys.size === 0 ? undefined : this.#keys.get(this.#shapeOf(node));
  }

  /** Returns its index in a grouped row, counted after the keys. */
  addAggregate(aggregate: Aggregate): number {
    return this.aggregates.push(aggregate) - 1;
  }

  /** A text that is equal for equal expressions; columns are resolved first. */
  #shapeOf(node: Node): string {
    return JSON.stringify(node, (name, value: unknown) => {
      if (isPlace(name)) return undefined;
      if (name !== 'ColumnRef') return value;
      const index = this.#scope.indexOf(value as ColumnRef);
      return index < 0 ? value : index;
    });
  }
}
