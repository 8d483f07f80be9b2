import type { RunningPgProxy } from '@medrex/pg-proxy';
import { withholdMessages } from '../stack/withhold-messages.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { interrupted } from '../terminal/interrupted.ts';

export interface PgProxyFlags {
  readonly config?: string;
  readonly pgbouncerIni?: string;
  readonly checkConfig: boolean;
}

/** `medrex pg-proxy`: runs the proxy until Ctrl-C, or checks its configuration. Returns the exit code. */
export async function pgProxy({ config: file, pgbouncerIni, checkConfig }: PgProxyFlags): Promise<number> {
  // An unset shell variable gives an empty string.
  if ((file ?? '') === '' && (pgbouncerIni ?? '') === '')
    throw new UsageError('Name a configuration: --config FILE or --pgbouncer-ini FILE.');
  // Imported here, as no other command needs it.
  const { checkPgProxyConfig, startPgProxy } = await import('@medrex/pg-proxy');
  const start = { file, pgbouncerIni, environment: process.env };
  if (checkConfig) {
    const { config, users, notes } = checkPgProxyConfig(start);
    for (const note of notes) console.log(note);
    const [databases, known] = [Object.keys(config.databases).length, users.size];
    console.log(`${file ?? pgbouncerIni ?? ''} can be used: ${of(databases, 'database')}, ${of(known, 'user')}.`);
    return 0;
  }
  const signal = interrupted();
  // Installed first: by default Node.js opens its debugger on SIGUSR1, and ends on the others.
  const started: { running?: RunningPgProxy } = {};
  process.on('SIGUSR1', () => started.running?.pause());
  process.on('SIGUSR2', () => started.running?.resume());
  process.on('SIGQUIT', () => (started.running === undefined ? process.exit(131) : started.running.stop('now')));
  // Ignored during the start, which has just read the configuration.
  process.on('SIGHUP', () => started.running !== undefined && reload(started.running));
  const running = (started.running = await startPgProxy(start));
  for (const note of running.notes) console.error(note);
  withholdMessages(running);
  console.log(
    `PostgreSQL at ${running.urls.postgres}, metrics at ${running.urls.metrics}. Send SIGHUP to reload the configuration.`,
  );
  const interruption = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  await Promise.race([interruption, running.stopRequested]);
  await running.close();
  return 0;
}

function reload(running: RunningPgProxy): void {
  try {
    for (const notice of running.reload()) console.error(notice);
  } catch (error) {
    console.error(`The configuration was not reloaded: ${(error as Error).message}`);
  }
}

const of = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
