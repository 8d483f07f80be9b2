/**
 * One line that says how far a long piece of work is, written to stderr so that stdout stays a result.
 * On a terminal the line is rewritten twice a second; elsewhere a new line comes every ten seconds.
 */
export class Progress {
  readonly #describe: () => string;
  readonly #stream: NodeJS.WriteStream;
  readonly #timer: NodeJS.Timeout;

  constructor(describe: () => string, stream: NodeJS.WriteStream = process.stderr) {
    this.#describe = describe;
    this.#stream = stream;
    this.#timer = setInterval(() => this.#write(), stream.isTTY ? 500 : 10_000);
    this.#timer.unref();
  }

  #write(): void {
    this.#stream.write(this.#stream.isTTY ? `\r\u001b[K${this.#describe()}` : `${this.#describe()}\n`);
  }

  /** Clears the line, or ends it with a last word. */
  done(text?: string): void {
    clearInterval(this.#timer);
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
    if (text !== undefined) this.#stream.write(`${text}\n`);
  }
}
