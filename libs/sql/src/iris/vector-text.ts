import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';

/** Older builds cut a longer text literal; a parameter takes any. */
const literalCharactersMax = 3_000;

/** `[1,2,3]` as TO_VECTOR reads it. */
export function vectorText(p: Printing, text: string, location?: number): string {
  if (text.length > literalCharactersMax) {
    return refuse(
      `a vector of more than ${literalCharactersMax} characters in the text`,
      location,
      'Send it as a parameter.',
    );
  }
  return p.marks.string(text.replace(/^\s*\[|\]\s*$/g, ''));
}
