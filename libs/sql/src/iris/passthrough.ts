import type { Translation } from './translation.ts';

/** IRIS SQL as it stands, behind its mark: not read, so nothing is known of its result. Its `?` are `$1`, `$2` ... in order. */
export function passedThrough(text: string): Translation {
  const sql = text.replace(/^\s*\/\*\s*iris\s*\*\/\s*/i, '').replace(/[\s;]+$/, '');
  const parameters = Array.from({ length: countPlaces(sql) }, (_, place) => ({
    parameter: place + 1,
    use: 'value' as const,
  }));
  return {
    kind: 'iris',
    steps: [{ pieces: [sql], parameters, isResult: true }],
    columns: undefined,
    hazards: [],
    parameterTypes: new Map(),
  };
}

/** `?` outside of strings, delimited names and comments. */
function countPlaces(sql: string): number {
  const bare = sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\/\*[\s\S]*?\*\/|--[^\n]*/g, '');
  return bare.split('?').length - 1;
}
