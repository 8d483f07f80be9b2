/** Maximum of recorded times; those of the proxy's own statements are never taken. */
const textsMax = 64;
const ascii = /^[\0-\x7f]*$/;

/** How long the translation of each text took. */
export class TranslationTimes {
  readonly #texts = new Map<string, { readonly atMs: number; readonly ms: number }>();

  add(text: string, atMs: number, ms: number): void {
    const key = ascii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
    const before = this.#texts.get(key)?.ms ?? 0;
    this.#texts.delete(key);
    this.#texts.set(key, { atMs, ms: before + ms });
    if (this.#texts.size <= textsMax) return;
    for (const oldest of this.#texts.keys()) return void this.#texts.delete(oldest);
  }

  /** Takes the time spent on translating a text since `sinceMs`; 0 if it was cached. @param text its UTF-8 bytes as latin1 */
  takeMs(text: string, sinceMs: number): number {
    const found = this.#texts.get(text);
    if (found === undefined) return 0;
    this.#texts.delete(text);
    return found.atMs >= sinceMs ? found.ms : 0;
  }
}
