import type { CopyOptions } from '@medrex/sql';
import { SessionFault } from './session-fault.ts';

export interface CopiedTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Maximum length of a row. */
const rowLengthMax = 256 * 1024 * 1024;

/** Reads the rows of a text or CSV COPY from chunks: fields as text, NULL as null. Linear time, however long a row is. */
export class CopyRows {
  readonly #options: CopyOptions;
  readonly #table: CopiedTable;
  /** Pieces of the incomplete row. */
  #begun: string[] = [];
  #begunLength = 0;
  #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #line = 0;
  #isOver = false;
  /** In CSV: within a quoted field. */
  #isQuoted = false;
  /** The last character was an escape. */
  #isEscaped = false;
  /** The line ending of the first line, which all lines must have. */
  #isReturned: boolean | undefined;

  constructor(options: CopyOptions, table: CopiedTable) {
    this.#options = options;
    this.#table = table;
  }

  /** @throws SessionFault 22P04 */
  feed(data: Uint8Array): (string | null)[][] {
    return this.#read(this.#decoded(data, true));
  }

  /** Ends the data and returns the remaining rows. @throws SessionFault 22P04 */
  end(): (string | null)[][] {
    const rows = this.#read(this.#decoded(new Uint8Array(), false));
    if (this.#begunLength > 0 && !this.#isOver) rows.push(...this.#rowsOf(this.#takeLine()));
    return rows;
  }

  #decoded(data: Uint8Array, isMore: boolean): string {
    try {
      return this.#decoder.decode(data, { stream: isMore });
    } catch {
      throw notUtf8();
    }
  }

  #read(text: string): (string | null)[][] {
    const rows: (string | null)[][] = [];
    let at = 0;
    while (!this.#isOver) {
      const end = this.#options.format === 'csv' ? this.#csvLineEnd(text, at) : this.#textLineEnd(text, at);
      if (end < 0) break;
      this.#keep(text.slice(at, end));
      at = end + 1;
      rows.push(...this.#rowsOf(this.#endedLine()));
    }
    if (!this.#isOver) this.#keep(text.slice(at));
    return rows;
  }

  #keep(piece: string): void {
    this.#begun.push(piece);
    this.#begunLength += piece.length;
    if (this.#begunLength > rowLengthMax) throw this.#fault('a row is too long', '54000');
  }

  #takeLine(): string {
    const line = this.#begun.join('');
    this.#begun = [];
    this.#begunLength = 0;
    this.#line++;
    return line;
  }

  #endedLine(): string {
    const line = this.#takeLine();
    const isReturned = line.endsWith('\r');
    this.#isReturned ??= isReturned;
    if (isReturned !== this.#isReturned)
      throw this.#fault(`${this.#bare} ${isReturned ? 'carriage return' : 'newline'} found in data`);
    return isReturned ? line.slice(0, -1) : line;
  }

  get #bare(): string {
    return this.#options.format === 'csv' ? 'unquoted' : 'literal';
  }

  /** The end of a text line; an escaped line break is part of the line. */
  #textLineEnd(text: string, from: number): number {
    for (let start = from; ;) {
      const at = text.indexOf('\n', start);
      const piece = at < 0 ? text.length : at;
      let escapes = 0;
      while (piece - escapes > start && text.charCodeAt(piece - escapes - 1) === 0x5c) escapes++;
      const isWhole = piece - escapes === start;
      const isEscaped = (escapes % 2 === 1) !== (isWhole && this.#isEscaped);
      this.#isEscaped = at < 0 && isEscaped;
      if (at < 0 || !isEscaped) return at;
      start = at + 1;
    }
  }

  /** The end of a CSV line; a line break in a quoted field is part of the line. */
  #csvLineEnd(text: string, from: number): number {
    const quote = this.#options.quote.charCodeAt(0);
    const escape = this.#options.escape === this.#options.quote ? -1 : this.#options.escape.charCodeAt(0);
    for (let at = from; at < text.length; at++) {
      const letter = text.charCodeAt(at);
      if (letter === 0x0a && !this.#isQuoted) return at;
      if (letter === escape && this.#isQuoted) this.#isEscaped = !this.#isEscaped;
      if (letter === quote && !this.#isEscaped) this.#isQuoted = !this.#isQuoted;
      if (letter !== escape) this.#isEscaped = false;
    }
    return -1;
  }

  /** The row of a line; none for the header and the end-of-data marker. */
  #rowsOf(line: string): (string | null)[][] {
    if (line === '\\.') {
      this.#isOver = true;
      return [];
    }
    const fields = this.#options.format === 'csv' ? this.#csv(line) : this.#text(line);
    if (this.#line === 1 && this.#options.header !== 'none') {
      if (this.#options.header === 'match') this.#checkHeader(fields);
      return [];
    }
    const { columns } = this.#table;
    if (fields.length < columns.length) throw this.#fault(`missing data for column "${columns[fields.length] ?? ''}"`);
    if (fields.length > columns.length) throw this.#fault('extra data after last expected column');
    return [fields];
  }

  #checkHeader(fields: readonly (string | null)[]): void {
    const { columns } = this.#table;
    if (fields.length !== columns.length)
      throw this.#fault(`wrong number of fields in header line: got ${fields.length}, expected ${columns.length}`);
    const place = fields.findIndex((field, at) => field !== columns[at]);
    if (place < 0) return;
    const got = fields[place] === null ? 'null value ("")' : `"${fields[place] ?? ''}"`;
    throw this.#fault(
      `column name mismatch in header line field ${place + 1}: got ${got}, expected "${columns[place] ?? ''}"`,
    );
  }

  #fault(message: string, sqlstate = '22P04'): SessionFault {
    return new SessionFault(sqlstate, message, { where: `COPY ${this.#table.name}, line ${this.#line}` });
  }

  #text(line: string): (string | null)[] {
    const { delimiter, nothing } = this.#options;
    if (line.includes('\r')) throw this.#fault('literal carriage return found in data');
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
        } else if (letter === '\r' && !isOpen) throw this.#fault('unquoted carriage return found in data');
        else field += letter;
      }
      if (isOpen) throw this.#fault('unterminated CSV quoted field');
      at++;
      fields.push(!isQuoted && field === nothing ? null : field);
    }
    return fields;
  }
}

const notUtf8 = (): SessionFault => new SessionFault('22021', 'invalid byte sequence for encoding "UTF8"');

/** Splits at delimiters that are not escaped by a backslash. */
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

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const escapes = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))/gsu;

function unescaped(field: string): string {
  if (!field.includes('\\')) return field;
  if (/\\[x0-7]/.test(field)) return unescapedBytes(field);
  return field.replaceAll(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter);
}

/** Decodes escaped bytes, which may together form UTF-8 characters. */
function unescapedBytes(field: string): string {
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of field.matchAll(escapes)) {
    const [whole, hex, octal, letter = ''] = match;
    parts.push(Buffer.from(field.slice(from, match.index)));
    from = match.index + whole.length;
    if (hex !== undefined) parts.push(Buffer.of(Number.parseInt(hex, 16)));
    else if (octal !== undefined) parts.push(Buffer.of(Number.parseInt(octal, 8) & 0xff));
    else parts.push(Buffer.from(letters[letter] ?? letter));
  }
  parts.push(Buffer.from(field.slice(from)));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
  } catch {
    throw notUtf8();
  }
}
