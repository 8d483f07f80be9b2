import { keyAtHand } from './plain-skeleton.ts';
import type { Analysis } from './sql-analyser.ts';

const textsMax = 1_024;
/** Maximum length of a key; longer texts are not cached here. */
const bytesMax = 1_024;

/** The analysis shared by texts that differ only in numbers and layout. */
export class Alike {
  /** A flag for the caller: whether these texts concern it; undefined until it has inspected one. */
  isOfConcern: boolean | undefined;
  /** The analysis of a text of this length in bytes. */
  readonly analysisOf: (bytes: number) => Analysis;
  readonly #key: Buffer;

  constructor(key: Buffer, analysisOf: Alike['analysisOf']) {
    this.#key = key;
    this.analysisOf = analysisOf;
  }

  hasKeyAtHand(size: number): boolean {
    const key = this.#key;
    if (key.length !== size) return false;
    for (let at = 0; at < size; at++) if (key[at] !== keyAtHand[at]) return false;
    return true;
  }
}

/** A hash table by the bytes of the current key, without chaining: a colliding entry replaces the older one. At most 3 MB. */
export class AlikeTexts {
  readonly #texts: (Alike | undefined)[] = Array.from({ length: textsMax }, () => undefined);

  find(size: number): Alike | undefined {
    const found = size > bytesMax ? undefined : this.#texts[placeOf(size)];
    return found?.hasKeyAtHand(size) === true ? found : undefined;
  }

  add(size: number, analysisOf: Alike['analysisOf']): Alike {
    const alike = new Alike(Buffer.from(keyAtHand.subarray(0, size)), analysisOf);
    if (size <= bytesMax) this.#texts[placeOf(size)] = alike;
    return alike;
  }
}

/** FNV-1a hash of the current key. */
function placeOf(size: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < size; at++) hash = Math.imul(hash ^ (keyAtHand[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) & (textsMax - 1);
}
