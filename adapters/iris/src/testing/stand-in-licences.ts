/** Connections of a user per licence unit. With one more, each costs a unit until all are closed. */
const perUnit = 25;

/** Counts licence units as IRIS does by user and address; all connections here have the same address. */
export class StandInLicences {
  readonly #unitsMax: number;
  readonly #connections = new Map<string, { open: number; isByConnection: boolean }>();

  constructor(unitsMax: number) {
    this.#unitsMax = unitsMax;
  }

  /** Adds a connection. False: the licence does not allow it. */
  take(user: string): boolean {
    const known = this.#connections.get(user) ?? { open: 0, isByConnection: false };
    known.open++;
    if (known.open > perUnit) known.isByConnection = true;
    this.#connections.set(user, known);
    if (this.units <= this.#unitsMax) return true;
    this.giveBack(user);
    return false;
  }

  giveBack(user: string): void {
    const known = this.#connections.get(user);
    if (known === undefined) return;
    known.open--;
    if (known.open === 0) this.#connections.delete(user);
  }

  get units(): number {
    let units = 0;
    for (const { open, isByConnection } of this.#connections.values()) units += isByConnection ? open : 1;
    return units;
  }
}
