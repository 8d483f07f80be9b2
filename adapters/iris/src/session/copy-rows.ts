import type { CopyOptions } from '@medrex/sql';
import { SessionFault } from './session-fault.ts';

/** The rows of a COPY as they come in pieces: fields as text, NULL as null. */
export class CopyRows {
  readonly #options: CopyOptions;
  readonly #columns: number;
  #rest = '';
  #decoder = new TextDecoder('utf-8', { fatal: true });
  #line = 0;
  #isOver = false;

  constructor(options: CopyOptions, columns: number) {
    this.#options = options;
    this.#columns = columns;
  }

  /** @throws SessionFault 22P04 */
  feed(data: Uint8Array): (string | null)[][] {
    return this.#read(this.#decoded(data, true), false);
  }

  /** What is left. @throws SessionFault 22P04 */
  end(): (string | null)[][] {
    return this.#read(this.#decoded(new Uint8Array(), false), true);
  }

  #decoded(data: Uint8Array, isMore: boolean): string {
    try {
      return this.#decoder.decode(data, { stream: isMore });
    } catch {
      throw new SessionFault('22021', 'invalid byte sequence for encoding "UTF8"');
    }
  }

  #read(text: string, isEnd: boolean): (string | null)[][] {
    const all = this.#rest + text;
    const rows: (string | null)[][] = [];
    let at = 0;
    for (let end = this.#lineEnd(all, at, isEnd); end >= 0 && at < all.length; end = this.#lineEnd(all, at, isEnd)) {
      const line = all.slice(at, end).replace(/\r$/, '');
      at = end + 1;
      this.#line++;
      if (line === '\\.') this.#isOver = true;
      if (!this.#isOver && !(this.#line === 1 && this.#options.hasHeader)) rows.push(this.#row(line));
    }
    this.#rest = all.slice(at);
    return rows;
  }

  /** In CSV a line goes on where a quote is open. */
  #lineEnd(all: string, from: number, isEnd: boolean): number {
    if (from >= all.length) return -1;
    for (let at = all.indexOf('\n', from); ; at = all.indexOf('\n', at + 1)) {
      if (at < 0) return isEnd ? all.length : -1;
      if (this.#isClosed(all.slice(from, at))) return at;
    }
  }

  /** A line ends where neither a quote is open nor a backslash takes the end for itself. */
  #isClosed(line: string): boolean {
    const { format, quote, escape } = this.#options;
    if (format === 'text') return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 0;
    if (escape === quote) return (line.split(quote).length - 1) % 2 === 0;
    let isOpen = false;
    for (let at = 0; at < line.length; at++) {
      if (isOpen && line[at] === escape && (line[at + 1] === quote || line[at + 1] === escape)) at++;
      else if (line[at] === quote) isOpen = !isOpen;
    }
    return !isOpen;
  }

  #row(line: string): (string | null)[] {
    const fields = this.#options.format === 'csv' ? this.#csv(line) : this.#text(line);
    if (fields.length === this.#columns) return fields;
    const problem =
      fields.length < this.#columns ? 'missing data for a column' : 'extra data after last expected column';
    throw new SessionFault('22P04', problem, { where: `COPY, line ${this.#line}` });
  }

  #text(line: string): (string | null)[] {
    const { delimiter, nothing } = this.#options;
    const fields = line.includes('\\') ? splitUnescaped(line, delimiter) : line.split(delimiter);
    return fields.map((field) => (field === nothing ? null : unescaped(field)));
  }

  #csv(line: string): (string | null)[] {
    const { delimiter, quote, escape, nothing } = this.#options;
    const fields: (string | null)[] = [];
    for (let at = 0; at <= line.length;) {
      let field = '';
      let isQuoted = false;
      let isOpen = false;
      for (; at < line.length && (isOpen || line[at] !== delimiter); at++) {
        const letter = line[at] ?? '';
        const isEscape = isOpen && letter === escape && (line[at + 1] === quote || line[at + 1] === escape);
        if (isEscape) field += line[++at] ?? '';
        else if (letter === quote) {
          isOpen = !isOpen;
          isQuoted = true;
        } else field += letter;
      }
      at++;
      fields.push(!isQuoted && field === nothing ? null : field);
    }
    return fields;
  }
}

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** A delimiter behind a backslash is one of the data. */
function splitUnescaped(line: string, delimiter: string): readonly string[] {
  const fields: string[] = [];
  let from = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === delimiter) {
      fields.push(line.slice(from, at));
      from = at + 1;
    }
  }
  fields.push(line.slice(from));
  return fields;
}

function unescaped(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replaceAll(
    /\\(?:x([0-9a-f]{1,2})|([0-7]{1,3})|(.))/gis,
    (_, hex?: string, octal?: string, letter?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return letters[letter ?? ''] ?? letter ?? '';
    },
  );
}

/** One row of COPY TO. */
export function copyLine(fields: readonly (string | null)[], labels: readonly string[], options: CopyOptions): string {
  const { format, delimiter, nothing } = options;
  const written = fields.map((field, place) => {
    if (field === null) return nothing;
    return format === 'csv' ? csvField(field, labels[place] ?? '', options) : escaped(field, delimiter);
  });
  return `${written.join(delimiter)}\n`;
}

function csvField(
  field: string,
  label: string,
  { delimiter, quote, escape, nothing, forceQuote }: CopyOptions,
): string {
  const isForced = forceQuote === 'all' || forceQuote.includes(label);
  const isPlain =
    field !== nothing && field !== '\\.' && ![delimiter, quote, '\n', '\r'].some((each) => field.includes(each));
  if (isPlain && !isForced) return field;
  const inner = field.replaceAll(escape, escape + escape);
  return `${quote}${escape === quote ? inner : inner.replaceAll(quote, escape + quote)}${quote}`;
}

const names: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

function escaped(field: string, delimiter: string): string {
  const whole = field.replaceAll(/[\b\f\n\r\t\v\\]/g, (letter) => names[letter] ?? letter);
  return delimiter === '\t' ? whole : whole.replaceAll(delimiter, `\\${delimiter}`);
}
