/**
 * One line that says how far a long piece of work is, written to stderr so that stdout stays a result.
 * On a terminal the line is rewritten twice a second; elsewhere a first line comes after two seconds, then one every ten.
 */
export class Progress {
  readonly #describe: () => string;
  readonly #stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(describe: () => string, stream: NodeJS.WritableStream & { readonly isTTY?: boolean } = process.stderr) {
    this.#describe = describe;
    this.#stream = stream;
    const write = () => this.#write();
    const repeated = setInterval(write, stream.isTTY ? 500 : 10_000);
    this.#timers = stream.isTTY ? [repeated] : [repeated, setTimeout(write, 2_000)];
    for (const timer of this.#timers) timer.unref();
  }

  #write(): void {
    this.#stream.write(this.#stream.isTTY ? `\r\u001b[K${this.#describe()}` : `${this.#describe()}\n`);
  }

  /** Clears the line, or ends it with a last word. */
  done(text?: string): void {
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
    if (text !== undefined) this.#stream.write(`${text}\n`);
  }
}
