/** Start of the Unicode private use area, to which `withPrivateUseCharacters` maps non-ASCII bytes. */
const first = 0xe000;
const unknown = /[\ue080-\ue0ff]/;

/**
 * Maps a text of an unknown encoding that extends ASCII: other bytes become distinct private-use characters.
 *
 * @param text as latin1
 */
export function withPrivateUseCharacters(text: string): string {
  return text.replaceAll(/[\u0080-\u00ff]/g, (byte) => String.fromCharCode(first + byte.charCodeAt(0)));
}

export const hasPrivateUseCharacters = (text: string): boolean => unknown.test(text);
