/** SQLSTATEs of PostgreSQL by SQLCODE of IRIS. */
const states: ReadonlyMap<number, string> = new Map(
  Object.entries({
    '42601': [-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14, -15, -25, -62, -76, -386],
    '42P01': [-23, -30],
    '42703': [-29],
    '42702': [-24, -27],
    '42803': [-19],
    '42883': [-359],
    '22000': [-104, -105, -259],
    '23502': [-108],
    '23503': [-121, -122, -123, -124],
    '23505': [-119, -120],
    '428C9': [-107, -111, -138],
    '09000': [-130, -131, -132, -133, -134, -135],
    '55P03': [-110, -114],
    '42501': [-99, -112],
    '42P07': [-201, -324],
    '42701': [-306],
    '42P16': [-307],
    '2BP01': [-320, -321],
    '42704': [-315, -333],
    '08006': [-401, -405, -406, -451, -461],
    '28P01': [-402, -417],
    '57014': [-450, -456],
    XX000: [-149, -400],
  }).flatMap(([state, codes]) => codes.map((code) => [code, state] as const)),
);

/** Errors of computations, recognized by wording as their codes vary. */
const computed: readonly (readonly [RegExp, string])[] = [
  [/<DIVIDE>|division by zero/i, '22012'],
  [/<ILLEGAL VALUE>|<DOMAIN>/i, '22023'],
  [/<MAXNUMBER>/i, '22003'],
  [/\b(?:more than one row|multiple rows)\b/i, '21000'],
];

/** The SQLSTATE of an error of IRIS. The wording is used if there is no code, as for connection errors of drivers. */
export function sqlstateOf(sqlcode: number | undefined, wording = ''): string {
  if (sqlcode !== undefined)
    return computed.find(([pattern]) => pattern.test(wording))?.[1] ?? states.get(sqlcode) ?? '42000';
  const match = /SQLCODE[:=<\s]*(-\d+)/i.exec(wording);
  if (match?.[1] !== undefined) return sqlstateOf(Number(match[1]), wording);
  return wordings.find(([pattern]) => pattern.test(wording))?.[1] ?? '42000';
}

const wordings: readonly (readonly [RegExp, string])[] = [
  [/license limit exceeded/i, '53300'],
  [/access denied|invalid username|login fail/i, '28P01'],
  [/communication (link|error)|connection (reset|refused|closed)/i, '08006'],
  [/cancell?ed|timed? ?out/i, '57014'],
  [/table .* not found/i, '42P01'],
  [/field .* not found/i, '42703'],
  [/unique(ness)? constraint/i, '23505'],
];
