import type { Translation } from './translation.ts';

/**
 * Passes on IRIS SQL marked by `/*iris*\/`. It is not parsed, so its result is unknown. Each `?` is `$1`, `$2` and so on in order; drivers
 * that number parameters write `$n`.
 */
export function passedThrough(text: string): Translation {
  const sql = text.replace(/^\s*\/\*\s*iris\s*\*\/\s*/i, '').replace(/[\s;]+$/, '');
  const bare = sql.replace(/^(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/, '');
  const staying = stayingForms.find(({ form }) => form.test(bare));
  if (staying !== undefined) {
    const { what, hint } = staying;
    return { kind: 'refused', fault: { sqlstate: '0A000', message: `${what} behind /*iris*/`, position: 1, hint } };
  }
  const { placed, numbers } = withPlaces(sql);
  const parameters = numbers.map((parameter) => ({ parameter, use: 'value' as const }));
  return {
    kind: 'iris',
    steps: [{ pieces: [placed], parameters, isResult: true }],
    columns: undefined,
    hazards: [],
    meanings: new Map(),
    constants: [],
    parameterTypes: new Map(),
    arrayTypes: new Map(),
    highest: Math.max(0, ...numbers),
    untyped: [],
  };
}

/** Statements whose effect would stay with the IRIS process for its next client. */
const stayingForms: readonly { readonly form: RegExp; readonly what: string; readonly hint: string }[] = [
  {
    form: /^(?:START\s+TRANSACTION|BEGIN|COMMIT|ROLLBACK|SAVEPOINT)\b/i,
    what: 'a statement of transactions',
    hint: 'Write it without the mark: the proxy has to know what is open.',
  },
  {
    form: /^(?:USE|SET\s+OPTION|SET\s+TRANSACTION(?!\s+ISOLATION\s+LEVEL\s+READ\s+\w+\s*$))\b/i,
    what: 'a setting of the process',
    hint: 'It would stay for the next client; the configuration names the namespace, BEGIN the modes of a transaction.',
  },
];

/** Strings, delimited names and comments, or a placeholder outside of them. */
const places = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\/\*[\s\S]*?\*\/|--[^\n]*|\?|(?<![\w$])\$([1-9]\d*)/g;

/** Replaces each placeholder by `?`, and returns the parameter numbers. */
function withPlaces(sql: string): { readonly placed: string; readonly numbers: readonly number[] } {
  const numbers: number[] = [];
  const placed = sql.replace(places, (part: string, number: string | undefined) => {
    if (part !== '?' && number === undefined) return part;
    numbers.push(number === undefined ? numbers.length + 1 : Number(number));
    return '?';
  });
  return { placed, numbers };
}
