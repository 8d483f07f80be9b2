import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../../apps/medrex/bin/medrex.js', import.meta.url));
const folder = resolve(process.env['MEDREX_STACK_DIR'] ?? join(import.meta.dirname, '..', '..', '..', '.stack'));

type Urls = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Environment variables of the running stack; undefined when none is up. */
export function stackEnvironment(): Readonly<Record<string, string>> | undefined {
  const file = join(folder, 'state.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { env: Record<string, string> }).env;
}

/** `medrex start --stack real` as a separate process. */
export class MedrexOnStack {
  readonly urls: Urls;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, urls: Urls) {
    this.#child = child;
    this.urls = urls;
  }

  /** Resolves when it accepts messages. @throws Error with its output when it ends before */
  static async start(env: Readonly<Record<string, string>>): Promise<MedrexOnStack> {
    const command = ['--disable-warning=ExperimentalWarning', bin, 'start', '--stack', 'real', '--json', '--port', '0'];
    const child = spawn(process.execPath, command, {
      env: { PATH: process.env['PATH'], MEDREX_STACK_DIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const urls = await new Promise<Urls>((ready, failed) => {
      let output = '';
      const take = (part: Buffer): void => {
        output += part.toString();
        const line = output.split('\n').find((one) => one.startsWith('{"urls"') && one.endsWith('}'));
        if (line !== undefined) ready((JSON.parse(line) as { urls: Urls }).urls);
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.once('exit', (code) => failed(new Error(`medrex ended with ${code}: ${output.slice(-4_000)}`)));
    });
    return new MedrexOnStack(child, urls);
  }

  /** Sends Ctrl-C; resolves with the exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const ended = once(this.#child, 'exit') as Promise<[number | null]>;
    this.#child.kill('SIGINT');
    const [code] = await ended;
    return code;
  }
}
