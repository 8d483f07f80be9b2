const item = /\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^,{}"\\]|\\.)*?))\s*(,|\}$)/sy;

/** The elements of an array in text form, `{1,"a b",NULL}`; undefined if it is malformed or multidimensional. */
export function arrayItems(text: string): (string | null)[] | undefined {
  const whole = text.trim();
  if (!whole.startsWith('{') || !whole.endsWith('}')) return undefined;
  if (/^\{\s*\}$/.test(whole)) return [];
  const items: (string | null)[] = [];
  for (let at = 1; at < whole.length;) {
    item.lastIndex = at;
    const match = item.exec(whole);
    if (match === null) return undefined;
    const [all, quoted, plain = ''] = match;
    if (quoted !== undefined) items.push(unescaped(quoted));
    else if (plain === '') return undefined;
    else items.push(/^null$/i.test(plain) ? null : unescaped(plain));
    at += all.length;
  }
  return items;
}

const unescaped = (text: string): string => text.replaceAll(/\\(.)/gs, '$1');
