/** What engines know of a number's text and TypeScript does not yet (JSON.parse source text access, ES2026). */
interface SourceText {
  readonly source?: string;
}

declare global {
  interface JSON {
    parse(text: string, reviver: (this: object, key: string, value: unknown, context: SourceText) => unknown): unknown;
    rawJSON(text: string): unknown;
  }
}

/**
 * A number, not at the beginning, that may be written otherwise than JavaScript writes it: 1.50, 1e2, 17 digits. Finds a few
 * texts, too, which costs their message a slower parse. Linear in the text, about a tenth of what parsing costs.
 */
const unusualNumber = /\d(?:\.\d*0|[eE][-+]?\d+|[\d.]{16,64})[,}\]\s]/;

/** Objects and arrays with such numbers, at any depth, and the text of their own. */
const texts = new WeakMap<object, Map<string, string>>();

/**
 * Parses JSON and remembers how its numbers were written: to FHIR 1.50 is more exact than 1.5, and a decimal may have more
 * digits than a double holds (https://hl7.org/fhir/R4/datatypes.html#decimal). `exactJson` writes them so again.
 *
 * @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  if (!unusualNumber.test(text)) return JSON.parse(text) as unknown;
  try {
    return JSON.parse(text, remember);
  } catch (error) {
    // So deep that only the plain parser comes to its end; what reads the value refuses the depth.
    if (error instanceof RangeError) return JSON.parse(text) as unknown;
    throw error;
  }
}

function remember(this: object, key: string, value: unknown, { source }: SourceText): unknown {
  if (typeof value === 'number') {
    if (source !== undefined && source !== String(value)) textsOf(this).set(key, source);
  } else if (typeof value === 'object' && value !== null && texts.has(value)) textsOf(this);
  return value;
}

function textsOf(holder: object): Map<string, string> {
  const known = texts.get(holder) ?? new Map<string, string>();
  texts.set(holder, known);
  return known;
}

/** Compact JSON of a value, with numbers as they were written where `parseExactJson` read them. */
export function exactJson(value: object): string {
  if (!texts.has(value)) return JSON.stringify(value);
  return JSON.stringify(value, function (this: object, key: string, field: unknown): unknown {
    const text = typeof field === 'number' ? texts.get(this)?.get(key) : undefined;
    return text === undefined ? field : JSON.rawJSON(text);
  });
}

/** Gives a shallow copy the recorded facts of its original. */
export function copiedExactly<Copy extends object>(copy: Copy, original: object): Copy {
  const known = texts.get(original);
  if (known !== undefined) texts.set(copy, known);
  return copy;
}
