import { currentKey } from './plain-skeleton.ts';
import type { Analysis } from './sql-analyser.ts';

const slotsMax = 1_024;
/** Maximum length of a key; longer texts are not cached here. */
const keyBytesMax = 1_024;

/** The analysis shared by texts that differ only in numbers and layout. */
export class SharedAnalysis {
  /** A flag for the caller: whether it must read the text itself; undefined until it has inspected one. */
  needsText: boolean | undefined;
  /** The analysis of a text of this length in bytes. */
  readonly analysisOf: (bytes: number) => Analysis;
  /** In memory of its own: a small Buffer would keep the whole block of 64 KiB that Node.js has placed it in. */
  readonly key: Uint8Array;

  constructor(key: Uint8Array, analysisOf: SharedAnalysis['analysisOf']) {
    this.key = new Uint8Array(key);
    this.analysisOf = analysisOf;
  }

  matchesCurrentKey(size: number): boolean {
    const { key } = this;
    if (key.length !== size) return false;
    for (let at = 0; at < size; at++) if (key[at] !== currentKey[at]) return false;
    return true;
  }
}

/** A hash table by the bytes of the current key, without chaining: a colliding entry replaces the older one. At most 3 MB. */
export class SharedAnalyses {
  readonly #slots: (SharedAnalysis | undefined)[] = Array.from({ length: slotsMax }, () => undefined);

  find(size: number): SharedAnalysis | undefined {
    const found = size > keyBytesMax ? undefined : this.#slots[slotOf(size)];
    return found?.matchesCurrentKey(size) === true ? found : undefined;
  }

  add(size: number, analysisOf: SharedAnalysis['analysisOf']): SharedAnalysis {
    const shared = new SharedAnalysis(currentKey.subarray(0, size), analysisOf);
    if (size <= keyBytesMax) this.#slots[slotOf(size)] = shared;
    return shared;
  }
}

/** FNV-1a hash of the current key. */
function slotOf(size: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < size; at++) hash = Math.imul(hash ^ (currentKey[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) & (slotsMax - 1);
}
