/** Additional integer columns for the records of a slab. */
export class SideTable {
  readonly #columns: number;
  readonly #shift: number;
  #data: Int32Array;

  /** @param shift 2 to this power is the stride of the slab. */
  constructor(columns: number, shift: number) {
    this.#columns = columns;
    this.#shift = shift;
    this.#data = new Int32Array(columns * 1024);
  }

  /** Makes room for a record; its columns are undefined until they are set. */
  cover(record: number): void {
    const needed = ((record >> this.#shift) + 1) * this.#columns;
    if (needed <= this.#data.length) return;
    const larger = new Int32Array(needed * 2);
    larger.set(this.#data);
    this.#data = larger;
  }

  get(record: number, column: number): number {
    return this.#data[(record >> this.#shift) * this.#columns + column] as number;
  }

  set(record: number, column: number, value: number): void {
    this.#data[(record >> this.#shift) * this.#columns + column] = value;
  }
}
