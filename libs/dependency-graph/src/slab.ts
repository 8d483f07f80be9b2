/** Slots of a new slab; it doubles when they are used up. */
const slotsAtStart = 1024;
/** A slab that has become empty keeps at most this many slots, so that the memory of one burst is given back. */
const slotsKept = 65_536;

/**
 * Records of a fixed number of 32-bit integers in one typed array: no object per record, nothing for the garbage
 * collector to follow. A record is named by the place of its first integer, so that reading a field is one addition;
 * 0 is no record. Freed records are chained through their first field and handed out again first.
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

  /** First integer beyond the last record ever handed out: the size that an array beside this slab needs, times the stride. */
  get end(): number {
    return this.#end;
  }

  get(record: number, field: number): number {
    return this.#data[record + field] as number;
  }

  set(record: number, field: number, value: number): void {
    this.#data[record + field] = value;
  }

  /** A record whose fields hold anything; the caller writes them all. */
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

  /** Gives every record back at once. */
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
