import type { IrisToken } from './iris-tokens.ts';

/** The position of an IRIS SQL parser in its tokens. */
export class IrisCursor {
  readonly #tokens: readonly IrisToken[];
  #at = 0;
  #places = 0;

  constructor(tokens: readonly IrisToken[]) {
    this.#tokens = tokens;
  }

  get token(): IrisToken {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', at: -1 };
  }

  next(): IrisToken {
    const token = this.token;
    this.#at++;
    return token;
  }

  /** The text of the token at this distance after the next one. */
  textAt(distance: number): string | undefined {
    return this.#tokens[this.#at + distance]?.text;
  }

  /** Consumes a `?` and returns its index, from 0. */
  nextPlace(): number {
    this.next();
    return this.#places++;
  }

  /** Runs a parser, and backtracks if it returns undefined. */
  tries(read: () => string | undefined): string | undefined {
    const [at, places] = [this.#at, this.#places];
    const sql = read();
    if (sql === undefined) [this.#at, this.#places] = [at, places];
    return sql;
  }

  isNext(text: string): boolean {
    return (this.token.kind === 'word' || this.token.kind === 'sign') && this.token.text === text;
  }

  take(text: string): boolean {
    if (!this.isNext(text)) return false;
    this.#at++;
    return true;
  }

  takeOne(...texts: readonly string[]): string | undefined {
    return texts.find((text) => this.take(text));
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(text);
  }

  after<T>(word: string, read: () => T): T {
    this.expect(word);
    return read();
  }

  inParentheses<T>(read: () => T): T {
    this.expect('(');
    const inner = read();
    this.expect(')');
    return inner;
  }

  list(read: () => string): string {
    const parts = [read()];
    while (this.take(',')) parts.push(read());
    return parts.join(', ');
  }

  /** Consumes a name; delimited or not, IRIS ignores its case. */
  name(): string {
    const token = this.next();
    if (token.kind !== 'word' && token.kind !== 'name') return this.fail('a name');
    if (token.kind === 'word' && token.text === '%ID') return 'ctid';
    return `"${token.text.toLowerCase().replaceAll('"', '""')}"`;
  }

  fail(expected: string): never {
    throw new Error(`IRIS SQL: ${expected} expected at ${this.token.at}, not ${this.token.text}`);
  }
}
