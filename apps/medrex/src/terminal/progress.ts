/**
 * A progress line on stderr, so that stdout only has results. On a terminal the line is rewritten twice a second; otherwise a line is
 * written after two seconds, and then every ten seconds.
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

  /** Clears the line, or replaces it with a final text. */
  done(text?: string): void {
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
    if (text !== undefined) this.#stream.write(`${text}\n`);
  }
}
