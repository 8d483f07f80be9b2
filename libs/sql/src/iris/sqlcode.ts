/** SQLCODEs of IRIS by the SQLSTATE that PostgreSQL's clients act on. */
const states: ReadonlyMap<number, string> = new Map([
  [-1, '42601'],
  [-4, '42601'],
  [-25, '42601'],
  [-23, '42P01'],
  [-30, '42P01'],
  [-29, '42703'],
  [-104, '22000'],
  [-108, '23502'],
  [-119, '23505'],
  [-121, '23503'],
  [-122, '23503'],
  [-124, '23503'],
  [-110, '55P03'],
  [-114, '55P03'],
  [-99, '42501'],
  [-359, '42883'],
  [-386, '42601'],
  [-259, '22000'],
  [-149, 'XX000'],
  [-400, 'XX000'],
  [-450, '57014'],
]);

/** What came back from IRIS. A wording is asked only where no code came: drivers give texts of the connection so. */
export function sqlstateOf(sqlcode: number | undefined, wording = ''): string {
  if (sqlcode !== undefined) return states.get(sqlcode) ?? '42000';
  const match = /SQLCODE[:=<\s]*(-\d+)/i.exec(wording);
  if (match?.[1] !== undefined) return sqlstateOf(Number(match[1]));
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
