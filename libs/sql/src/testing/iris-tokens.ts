/** A token of IRIS SQL, for the test parser, which shares no code with the printer. */
export interface IrisToken {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'sign' | 'place' | 'end';
  /** Words in upper case; names and strings without quotes. */
  readonly text: string;
  readonly at: number;
}

const shapes: readonly (readonly [IrisToken['kind'], RegExp])[] = [
  ['text', /'((?:[^']|'')*)'/y],
  ['name', /"((?:[^"]|"")*)"/y],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[%$A-Za-z_][A-Za-z0-9_]*/y],
  ['place', /\?/y],
  ['sign', /->|<>|<=|>=|\|\||[-+*/\\#=<>(),.{}:]/y],
];

export function irisTokens(sql: string): readonly IrisToken[] {
  const tokens: IrisToken[] = [];
  let at = 0;
  while (at < sql.length) {
    if (/\s/.test(sql.charAt(at))) {
      at++;
      continue;
    }
    const token = tokenAt(sql, at);
    tokens.push(token.token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}

function tokenAt(sql: string, at: number): { token: IrisToken; end: number } {
  for (const [kind, shape] of shapes) {
    shape.lastIndex = at;
    const match = shape.exec(sql);
    if (match === null) continue;
    const quote = kind === 'text' ? "''" : '""';
    const inner = match[1]?.replaceAll(quote, quote.charAt(0)) ?? match[0];
    return { token: { kind, text: kind === 'word' ? inner.toUpperCase() : inner, at }, end: at + match[0].length };
  }
  throw new Error(`no IRIS SQL at ${at}: ${sql.slice(at, at + 40)}`);
}
