/** A character class of a regular expression. */
export interface CharacterClass {
  readonly members: readonly string[];
  readonly isNegated: boolean;
  readonly isRepeated: boolean;
}

const shorthands: Readonly<Record<string, string>> = {
  d: '0123456789',
  s: ' \t\n\v\f\r\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000',
};

/** Parses `[...]` or an abbreviation, possibly followed by `+`. */
export function classOf(regex: string): CharacterClass | undefined {
  const isRepeated = regex.endsWith('+');
  const bare = isRepeated ? regex.slice(0, -1) : regex;
  const short = /^\\([dDsS])$/.exec(bare)?.[1];
  if (short !== undefined) {
    const members = Array.from(shorthands[short.toLowerCase()] ?? '');
    return { members, isNegated: short !== short.toLowerCase(), isRepeated };
  }
  const [, sign, inside] = /^\[(\^?)((?:[^\\\][]|\\[^A-Za-z0-9]|\\[ds])+)\]$/u.exec(bare) ?? [];
  const members = inside === undefined ? undefined : classMembers(inside);
  return members === undefined ? undefined : { members, isNegated: sign === '^', isRepeated };
}

/** The characters of a class; undefined if it has a range other than of letters or digits. */
export function classMembers(inside: string): readonly string[] | undefined {
  const parts = inside.match(/(?:\\.|[^\\])-(?:\\.|[^\\])|\\.|[^\\]/gsu) ?? [];
  const members = new Set<string>();
  for (const part of parts) {
    const plain = part.replaceAll(/\\([^ds])/gsu, '$1');
    const range = /^(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9])$/.test(plain);
    if (range) {
      const [low, high] = [plain.charCodeAt(0), plain.charCodeAt(2)];
      if (low > high) return undefined;
      for (let code = low; code <= high; code++) members.add(String.fromCharCode(code));
    } else if (/^\\[ds]$/.test(part)) for (const each of shorthands[part.charAt(1)] ?? '') members.add(each);
    else if (plain.length === 1) members.add(plain);
    else return undefined;
  }
  return [...members];
}
