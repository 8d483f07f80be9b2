import { resolve } from 'node:path';
import { EmbeddedPgProxy } from '../stack/embedded-pg-proxy.ts';
import { EmbeddedStack, type StackUrls } from '../stack/embedded-stack.ts';
import { isFree } from '../stack/free-port.ts';
import { realStack, type RealStack } from '../stack/real-stack.ts';
import { demonstrate, demoText } from '../demo.ts';
import { interrupted } from '../terminal/interrupted.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { makeDataFolder } from './data-folder.ts';
import { defaults, embeddedLedgerLabel } from './defaults.ts';

export interface StartFlags {
  readonly stack: 'embedded' | 'real';
  readonly data?: string;
  readonly port?: number;
  readonly channel: string;
  readonly demo: boolean;
  readonly once: boolean;
  readonly json: boolean;
}

/** `medrex start`: runs all services in this process until Ctrl-C, or with --once until the demonstration ends. Returns the exit code: 130 when Ctrl-C interrupted the demonstration. */
export async function start(flags: StartFlags): Promise<number> {
  const environment = environmentOf(flags);
  const dataDir = resolve(flags.data ?? environment.dataDir);
  makeDataFolder(dataDir);
  const port = await choosePort(flags.port);
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  failed.catch(() => undefined);
  const signal = interrupted();
  const stack = await EmbeddedStack.start({
    dataDir,
    channel: flags.channel,
    port,
    env: environment.env,
    onUnexpectedEnd: (service, code, error) =>
      fail(
        new Error(`${service} ended with code ${code}${error instanceof Error ? `: ${error.message}` : ''}`, {
          cause: error,
        }),
      ),
  });
  const pgProxy = await beside(flags, dataDir);
  try {
    const message = `Medrex is up. Ledger: ${environment.ledger}. Data: ${dataDir}\n`;
    const urls = { ...stack.urls, ...(pgProxy.running !== undefined && { 'pg-proxy': pgProxy.running.urls }) };
    return await Promise.race([run(flags, urls, message + pgProxy.note, signal), failed]);
  } finally {
    await pgProxy.running?.stop();
    await stack.stop();
  }
}

/** A service started in addition to the main ones, or a note on why it is not up. */
interface Beside {
  readonly running: EmbeddedPgProxy | undefined;
  readonly note: string;
}

/** Starts pg-proxy, unless with --once. The other services do not need it. */
async function beside({ stack, once }: StartFlags, dataDir: string): Promise<Beside> {
  if (once || stack !== 'embedded') return { running: undefined, note: '' };
  try {
    return { running: await EmbeddedPgProxy.start(dataDir), note: '' };
  } catch (error) {
    return { running: undefined, note: `pg-proxy is not up: ${(error as Error).message}\n` };
  }
}

/** The stack under the services. @throws UsageError */
function environmentOf({ stack, demo }: StartFlags): RealStack {
  if (stack === 'embedded')
    return {
      // Medrex gets the same ledger latencies as the plain clients of the demonstration.
      env: { LEDGER_LATENCIES: demo ? 'network' : 'none' },
      ledger: embeddedLedgerLabel,
      dataDir: defaults.dataDir,
    };
  if (demo)
    throw new UsageError(
      'the demonstration compares clients on the model of Fabric, which a real stack does not have',
      'Omit --demo, and send messages with medrex replay or medrex load.',
    );
  return realStack();
}

async function run(flags: StartFlags, urls: StackUrls, message: string, signal: AbortSignal): Promise<number> {
  if (!flags.json) console.log(message);
  if (flags.demo) {
    const result = await Promise.race([demonstrate(urls, signal), aborted(signal)]);
    if (result === undefined) return 130;
    console.log(flags.json ? JSON.stringify({ ...result, urls }) : demoText(result));
  }
  if (flags.once || signal.aborted) return 0;
  if (flags.json && !flags.demo) console.log(JSON.stringify({ urls }));
  if (!flags.json) console.log(`\n${urlsText(urls)}\n\nPress Ctrl-C to stop.`);
  await aborted(signal);
  return 0;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

function urlsText(urls: StackUrls): string {
  const rows = Object.entries(urls).flatMap(([service, list]) =>
    Object.entries(list).map(([what, url]) => [`${service} ${what}`, url] as const),
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, url]) => `  ${name.padEnd(width)}  ${url}`).join('\n');
}

/** The requested port, which must be free; by default 8080, or a free one when that is taken. */
async function choosePort(asked: number | undefined): Promise<number> {
  const port = asked ?? defaults.port;
  if (port === 0 || (await isFree(port))) return port;
  if (asked === undefined) return 0;
  throw new UsageError(`port ${port} is taken`, 'Choose another port with --port; 0 picks a free one.');
}
