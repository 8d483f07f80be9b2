import type { Translation } from './translation.ts';

/** IRIS SQL as it stands, behind its mark: not read, so nothing is known of its result. Its `?` are `$1`, `$2` ... in order. */
export function passedThrough(text: string): Translation {
  const sql = text.replace(/^\s*\/\*\s*iris\s*\*\/\s*/i, '').replace(/[\s;]+$/, '');
  const bare = sql.replace(/^(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/, '');
  const staying = stayingForms.find(({ form }) => form.test(bare));
  if (staying !== undefined) {
    const { what, hint } = staying;
    return { kind: 'refused', fault: { sqlstate: '0A000', message: `${what} behind /*iris*/`, position: 1, hint } };
  }
  const parameters = Array.from({ length: countPlaces(sql) }, (_, place) => ({
    parameter: place + 1,
    use: 'value' as const,
  }));
  return {
    kind: 'iris',
    steps: [{ pieces: [sql], parameters, isResult: true }],
    columns: undefined,
    hazards: [],
    meanings: new Map(),
    constants: [],
    parameterTypes: new Map(),
    arrayTypes: new Map(),
    highest: parameters.length,
    untold: [],
  };
}

/** What would stay with the process of IRIS, whose next client knows nothing of it. */
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

/** `?` outside of strings, delimited names and comments. */
function countPlaces(sql: string): number {
  const bare = sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\/\*[\s\S]*?\*\/|--[^\n]*/g, '');
  return bare.split('?').length - 1;
}
