import { keyAtHand } from './plain-skeleton.ts';
import type { Analysis } from './sql-analyser.ts';

const textsMax = 1_024;
/** Longer keys are looked for as others are. */
const bytesMax = 1_024;

/** Texts that differ from each other in numbers and layout alone. */
export class Alike {
  /** For whoever asks: whether their words concern him, once he has looked at one of them. */
  isOfConcern: boolean | undefined;
  /** Of one of them that has so many bytes. */
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

/** Found by the bytes of the key at hand; of two that would lie in one place the one that came last does. 3 MB at most. */
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

/** FNV-1a. */
function placeOf(size: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < size; at++) hash = Math.imul(hash ^ (keyAtHand[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) & (textsMax - 1);
}
