import type { IrisTranslator } from '../iris/iris-translator.ts';

/** A PostgreSQL statement and the IRIS calls of its translation; after the dashes, the values bound to each `?`. */
export type Golden = readonly [text: string, steps: readonly string[]];

/** Translates a text to the form of a `Golden`; the rows, if it is answered without IRIS. @throws Error it is refused */
export function becomes(translator: IrisTranslator, text: string): readonly string[] {
  const [translation] = translator.translate(text);
  if (translation?.kind === 'answer') return translation.rows;
  if (translation?.kind !== 'iris') throw new Error(JSON.stringify(translation));
  return translation.steps.map(({ pieces, parameters }) => {
    const sql = pieces.map((piece) => (typeof piece === 'string' ? piece : `<$${piece.inline}>`)).join('');
    const bound = parameters.map(({ parameter, use }) => `$${parameter}${use === 'value' ? '' : ` ${use}`}`);
    return bound.length === 0 ? sql : `${sql} -- ${bound.join(', ')}`;
  });
}
