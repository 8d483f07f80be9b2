/** Where `unknownLetters` are: nobody has agreed with everybody what they mean. */
const first = 0xe000;
const unknown = /[\ue080-\ue0ff]/;

/**
 * A text in an encoding of which only its ASCII is known: its other bytes are told apart, and what they say is not.
 *
 * @param text as latin1
 */
export function unknownLetters(text: string): string {
  return text.replaceAll(/[\u0080-\u00ff]/g, (byte) => String.fromCharCode(first + byte.charCodeAt(0)));
}

export const hasUnknownLetters = (text: string): boolean => unknown.test(text);
