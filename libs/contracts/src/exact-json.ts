/** JSON.parse source text access (ES2026), which TypeScript's library does not declare yet. */
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
 * A number that may be written differently from JavaScript: 1.50, 1e2, 17 digits. Also matches a few strings, whose
 * messages are then parsed more slowly. Linear in the text, about a tenth of the cost of parsing.
 */
const unusualNumber = /\d(?:\.\d*0|[eE][-+]?\d+|[\d.]{16,64})[,}\]\s]/;

/** Objects and arrays with such numbers at any depth, and their source text. */
const texts = new WeakMap<object, Map<string, string>>();

/**
 * Parses JSON and keeps the source text of its numbers: in FHIR 1.50 is more precise than 1.5, and a decimal may have
 * more digits than a double (https://hl7.org/fhir/R4/datatypes.html#decimal). `exactJson` writes them unchanged.
 * @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  if (!unusualNumber.test(text)) return JSON.parse(text) as unknown;
  try {
    return JSON.parse(text, remember);
  } catch (error) {
    // Nested too deeply for a reviver; the plain parser still succeeds, and whatever reads the value refuses the depth.
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

/** Compact JSON of a value, with numbers as they were written in the text of `parseExactJson`. */
export function exactJson(value: object): string {
  if (!texts.has(value)) return JSON.stringify(value);
  return JSON.stringify(value, function (this: object, key: string, field: unknown): unknown {
    const text = typeof field === 'number' ? texts.get(this)?.get(key) : undefined;
    return text === undefined ? field : JSON.rawJSON(text);
  });
}

/** Gives a shallow copy the recorded numbers of its original. */
export function copiedExactly<Copy extends object>(copy: Copy, original: object): Copy {
  const known = texts.get(original);
  if (known !== undefined) texts.set(copy, known);
  return copy;
}
