import { nameKey, type PoolName } from '@medrex/pool';
import { Statements, type Shapes } from './statements.ts';

/** How many statements that no client names are kept for each pool, and their total size in bytes. */
const unusedStatementsMax = { count: 2_000, bytes: 4 * 1_048_576 };

/** What the pools of one database of a server have in common, and how many pools these are. */
interface Common {
  readonly shapes: Shapes;
  pools: number;
}

interface OfPool {
  readonly statements: Statements;
  commonKey: string;
}

/** A pool before and after a RELOAD that moves its clients to another server. */
export interface Move {
  readonly from: PoolName;
  readonly to: PoolName;
}

/** The statements of every pool. */
export class StatementBook {
  readonly #byPool = new Map<string, OfPool>();
  readonly #common = new Map<string, Common>();
  readonly #databaseOf: (name: PoolName) => string;
  readonly #shapesOf: (name: PoolName) => Shapes;

  /** @param databaseOf the database at the server @param shapesOf called once for each database of a server, for as long as it has pools */
  constructor(databaseOf: (name: PoolName) => string, shapesOf: (name: PoolName) => Shapes) {
    this.#databaseOf = databaseOf;
    this.#shapesOf = shapesOf;
  }

  /** The number of known pools. */
  get size(): number {
    return this.#byPool.size;
  }

  of(name: PoolName): Statements {
    const key = nameKey(name);
    const known = this.#byPool.get(key) ?? this.#added(name);
    this.#byPool.set(key, known);
    return known.statements;
  }

  /** The pool has no clients. What was learnt about its clients' habits is kept. */
  forget(name: PoolName): void {
    const key = nameKey(name);
    const known = this.#byPool.get(key);
    if (known === undefined || known.statements.tracksSequences) return;
    this.#byPool.delete(key);
    this.#withdraw(known);
  }

  /** The clients of these pools are at another server, as far as is known; the pools may have new names. */
  move(moved: readonly Move[]): void {
    const found = moved.flatMap(({ from, to }) => {
      const known = this.#byPool.get(nameKey(from));
      return known === undefined ? [] : [{ from, to, known }];
    });
    for (const { from, known } of found) {
      this.#byPool.delete(nameKey(from));
      this.#withdraw(known);
    }
    for (const { to, known } of found) {
      const { commonKey, shapes } = this.#joined(to);
      known.commonKey = commonKey;
      known.statements.move(shapes);
      this.#byPool.set(nameKey(to), known);
    }
  }

  #added(name: PoolName): OfPool {
    const { commonKey, shapes } = this.#joined(name);
    return { statements: new Statements(unusedStatementsMax, shapes), commonKey };
  }

  /** One more pool shares what the pools of that database have in common. */
  #joined(name: PoolName): { readonly commonKey: string; readonly shapes: Shapes } {
    const commonKey = JSON.stringify([name.upstream, this.#databaseOf(name)]);
    const common = this.#common.get(commonKey) ?? { shapes: this.#shapesOf(name), pools: 0 };
    common.pools += 1;
    this.#common.set(commonKey, common);
    return { commonKey, shapes: common.shapes };
  }

  #withdraw({ commonKey }: OfPool): void {
    const common = this.#common.get(commonKey);
    if (common !== undefined && --common.pools === 0) this.#common.delete(commonKey);
  }
}
