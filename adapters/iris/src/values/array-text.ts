const item = /\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^,{}"\\]|\\.)*?))\s*(,|\}$)/sy;

/** The elements of `{1,"a b",NULL}`; undefined where it is not well formed or has several dimensions. */
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
