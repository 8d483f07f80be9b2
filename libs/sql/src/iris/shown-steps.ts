import { irisSql, type IrisParameter } from './fragment.ts';
import type { Translation } from './translation.ts';

/** The lines of the result of EXPLAIN (TRANSLATE). */
export function shown(translation: Translation): readonly string[] {
  switch (translation.kind) {
    case 'iris':
      return translation.steps.flatMap((step) => [
        step.pieces.map((piece) => (typeof piece === 'string' ? piece : `<$${piece.inline}>`)).join(''),
        ...(step.parameters.length === 0 ? [] : [`-- ? = ${step.parameters.map(shownParameter).join(', ')}`]),
        ...(step.isNowait === true ? ['-- waits for no lock'] : []),
      ]);
    case 'copyIn':
      return [irisSql(translation.insert)];
    case 'copyOut':
      return shown(translation.query);
    default:
      return [`-- ${translation.kind}`];
  }
}

function shownParameter({ parameter, use }: IrisParameter): string {
  if (use === 'keptRows') return 'the rows read';
  return use === 'column' ? `column ${parameter} of each row read` : `$${parameter}`;
}
