import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';

/** Older builds truncate longer literals, so longer texts must be sent as parameters. */
const literalCharactersMax = 3_000;

/** Prints `[1,2,3]` for TO_VECTOR. */
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
