/** Formats JSON like PostgreSQL's jsonb: keys by length, last of duplicate keys, a space after `:` and `,`. */
export function jsonbText(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text; // not JSON made by IRIS: passed on unchanged
  }
  return new JsonbWriter(text).value();
}

const token = /\s*("(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+)/sy;

/** Parses well-formed JSON, and keeps numbers as written. */
class JsonbWriter {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): string {
    const next = this.#next();
    if (next === '{') return this.#object();
    if (next === '[') return this.#array();
    return next.startsWith('"') ? JSON.stringify(JSON.parse(next)) : next;
  }

  #object(): string {
    const members = new Map<string, string>();
    for (let next = this.#next(); next !== '}'; next = this.#next()) {
      if (next === ',') continue;
      const key = JSON.stringify(JSON.parse(next));
      this.#next(); // the colon
      members.set(key, this.value());
    }
    const sorted = [...members].sort(([left], [right]) => {
      const [one, other] = [Buffer.from(left), Buffer.from(right)];
      return one.length - other.length || Buffer.compare(one, other);
    });
    return `{${sorted.map(([key, value]) => `${key}: ${value}`).join(', ')}}`;
  }

  #array(): string {
    const elements: string[] = [];
    for (let at = this.#at, next = this.#next(); next !== ']'; at = this.#at, next = this.#next()) {
      if (next === ',') continue;
      this.#at = at;
      elements.push(this.value());
    }
    return `[${elements.join(', ')}]`;
  }

  #next(): string {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[1] ?? '';
    this.#at = token.lastIndex;
    return found;
  }
}
