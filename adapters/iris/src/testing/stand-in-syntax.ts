import { irisTokens } from '@medrex/sql/testing';

/** Words with the IRIS version that introduced them, and the SQLCODE of older versions. */
const gates: readonly (readonly [word: string, since: readonly [year: number, release: number], sqlcode: number])[] = [
  ['LIMIT', [2025, 1], -25],
  ['INTERSECT', [2025, 1], -25],
  ['EXCEPT', [2025, 1], -25],
  ['HNSW', [2025, 1], -25],
  ['JSON_VALUE', [2024, 1], -359],
  ['JSON_QUERY', [2024, 1], -359],
  ['VECTOR_COSINE', [2024, 1], -359],
  ['VECTOR_DOT_PRODUCT', [2024, 1], -359],
];

export interface SyntaxProblem {
  readonly sqlcode: number;
  readonly message: string;
}

/** The syntax error that this version of IRIS would report. */
export function syntaxProblem(sql: string, version: string): SyntaxProblem | undefined {
  let texts: readonly string[];
  try {
    texts = irisTokens(sql)
      .filter(({ kind }) => kind === 'word')
      .map(({ text }) => text);
  } catch {
    return { sqlcode: -1, message: 'Invalid SQL statement' };
  }
  const [year = 0, release = 0] = version.split('.').map(Number);
  const isBefore = (since: readonly [number, number]): boolean =>
    year < since[0] || (year === since[0] && release < since[1]);
  if (texts[0] === 'WITH' && isBefore([2024, 1])) return { sqlcode: -1, message: 'Invalid SQL statement: WITH' };
  if (texts.includes('TOP') && texts.includes('LIMIT') && texts.filter((text) => text === 'SELECT').length === 1)
    return { sqlcode: -386, message: 'TOP and LIMIT cannot be used together' };
  for (const [word, since, sqlcode] of gates)
    if (texts.includes(word) && isBefore(since))
      return { sqlcode, message: `Input (${word}) encountered after end of query` };
  return undefined;
}
