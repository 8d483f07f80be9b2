/** Texts whose times wait for somebody to ask: those of the proxy's own statements are asked for by nobody. */
const textsMax = 64;
const ascii = /^[\0-\x7f]*$/;

/** How long it took to make SQL of IRIS out of what clients have sent, by the text. */
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

  /** What has been spent on a text since then, told once; 0 where it was known. @param text UTF-8 as latin1 */
  takeMs(text: string, sinceMs: number): number {
    const found = this.#texts.get(text);
    if (found === undefined) return 0;
    this.#texts.delete(text);
    return found.atMs >= sinceMs ? found.ms : 0;
  }
}
