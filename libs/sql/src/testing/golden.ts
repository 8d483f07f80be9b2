import type { IrisTranslator } from '../iris/iris-translator.ts';

/** PostgreSQL, and the calls to IRIS that it becomes; behind the dashes what each `?` is bound to. */
export type Golden = readonly [text: string, steps: readonly string[]];

/** What a text becomes, as in a `Golden`; of an answer without IRIS its rows. @throws Error where it is refused */
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
