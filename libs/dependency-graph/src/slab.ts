/** Slots of a new slab; it doubles when they are used up. */
const slotsAtStart = 1024;
/** An empty slab keeps at most this many slots, so that the memory of a burst is freed. */
const slotsKept = 65_536;

/**
 * Records of a fixed number of 32-bit integers in one typed array: no object per record, and no work for the garbage
 * collector. A record is identified by the index of its first integer, so reading a field is one addition; 0 means
 * none. Freed records are chained through their first field and reused first.
 */
export class Slab {
  readonly #stride: number;
  #data: Int32Array;
  #end: number;
  #free = 0;
  #used = 0;

  constructor(stride: number) {
    this.#stride = stride;
    this.#data = new Int32Array(stride * slotsAtStart);
    this.#end = stride;
  }

  /** Records in use. */
  get used(): number {
    return this.#used;
  }

  /** End of the last record ever allocated: the size that a side table needs, times the stride. */
  get end(): number {
    return this.#end;
  }

  get(record: number, field: number): number {
    return this.#data[record + field] as number;
  }

  set(record: number, field: number, value: number): void {
    this.#data[record + field] = value;
  }

  /** Allocates a record with undefined fields; the caller must set all of them. */
  take(): number {
    this.#used += 1;
    const free = this.#free;
    if (free !== 0) {
      this.#free = this.#data[free] as number;
      return free;
    }
    const record = this.#end;
    this.#end = record + this.#stride;
    if (this.#end > this.#data.length) this.#grow();
    return record;
  }

  give(record: number): void {
    this.#data[record] = this.#free;
    this.#free = record;
    this.#used -= 1;
    if (this.#used === 0) this.clear();
  }

  /** Frees every record at once. */
  clear(): void {
    this.#used = 0;
    this.#free = 0;
    this.#end = this.#stride;
    if (this.#data.length > this.#stride * slotsKept) this.#data = new Int32Array(this.#stride * slotsAtStart);
  }

  #grow(): void {
    const larger = new Int32Array(this.#data.length * 2);
    larger.set(this.#data);
    this.#data = larger;
  }
}
