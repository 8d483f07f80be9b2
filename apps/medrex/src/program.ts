import { Command, Option } from 'commander';
import type { AuditVerifyFlags } from './commands/audit-verify.ts';
import type { BenchFlags } from './commands/bench-compare.ts';
import { addAuthor } from './commands/author-options.ts';
import { defaults } from './commands/defaults.ts';
import { addDevnet } from './commands/devnet-options.ts';
import { collectFilters, type ResendManyFlags } from './commands/dlq-resend-many.ts';
import type { EraseFlags } from './commands/erase.ts';
import type { KeysLintFlags } from './commands/keys-lint.ts';
import type { LoadCommandFlags } from './commands/load.ts';
import { instant, notNegative, portNumber, positive, share, withLoadFlags } from './commands/load-options.ts';
import type { PgProxyFlags } from './commands/pg-proxy.ts';
import type { ReplayFlags } from './commands/replay.ts';
import type { StartFlags } from './commands/start.ts';
import type { TopicsManifestFlags } from './commands/topics-manifest.ts';
import type { TopicsResetFlags } from './commands/topics-reset.ts';
import { UsageError } from './terminal/usage-error.ts';

/** Sets the exit code of a command. */
export type Exit = (code: number) => void;

type ResendFlags = Omit<ResendManyFlags, 'filter'> & Partial<Pick<ResendManyFlags, 'filter'>>;

interface UrlFlags {
  readonly url: string;
  readonly json: boolean;
}

const json = () => new Option('--json', 'prints one JSON document instead of text').default(false);
const url = () => new Option('--url <url>', 'address of ingest').default(defaults.url);
const data = () =>
  new Option('--data <folder>', 'folder of the embedded log, ledger, status store and vault').default(defaults.dataDir);

const startData = () =>
  new Option(
    '--data <folder>',
    "folder of the embedded log, ledger, status store and vault (default: .medrex; with --stack real one in the stack's folder)",
  );

// Each command is imported when it runs, so that `--help` does not load Kafka, Fabric and PostgreSQL clients.

/** The whole command line. `docs/reference/cli.md` is generated from it. */
export function program(exit: Exit): Command {
  const medrex = new Command('medrex')
    .description('Clinical transactions to Hyperledger Fabric without MVCC conflicts')
    .version('0.1.0')
    .showHelpAfterError('(medrex --help lists the commands, medrex <command> --help its options)')
    .exitOverride();
  addServices(medrex, exit);
  addBenchmarks(medrex, exit);
  addQueries(medrex, exit);
  addAuthor(medrex, exit);
  addDevnet(medrex, exit);
  return medrex;
}

function addServices(medrex: Command, exit: Exit): void {
  medrex
    .command('start')
    .description('runs all services in this process until Ctrl-C')
    .addOption(
      new Option('--stack <which>', 'embedded: files only; real: the stack started by npm run stack -- up')
        .choices(['embedded', 'real'])
        .default('embedded'),
    )
    .addOption(startData())
    .option('--port <port>', 'port of the API; default: 8080, or a free port if it is taken', portNumber)
    .option('--channel <name>', 'channel', defaults.channel)
    .option('--demo', 'first replays FHIR bundles and compares a contended ward with and without Medrex', false)
    .option('--once', 'exits after the demonstration', false)
    .addOption(json())
    .action(async (flags: StartFlags) => exit(await (await import('./commands/start.ts')).start(flags)));
  medrex
    .command('replay')
    .description(
      'sends FHIR bundles and resources (.json, .ndjson, .gz of both, folders, - for standard input) and waits for their outcomes',
    )
    .argument('<paths...>', 'files, folders or -')
    .addOption(url())
    .option('--concurrency <n>', 'files sent in parallel', positive, 4)
    .addOption(json())
    .action(async (paths: string[], flags: ReplayFlags) =>
      exit(await (await import('./commands/replay.ts')).replayCommand(paths, flags)),
    );
  medrex
    .command('pg-proxy')
    .description('runs a pooling proxy for PostgreSQL clients, until Ctrl-C')
    .option('--config <file>', 'configuration file, JSON')
    .option(
      '--pgbouncer-ini <file>',
      'a pgbouncer.ini, instead of --config or together with it; --config takes precedence',
    )
    .option('--check-config', 'checks the configuration, reports every problem, and exits', false)
    .action(async (flags: PgProxyFlags) => exit(await (await import('./commands/pg-proxy.ts')).pgProxy(flags)));
  medrex
    .command('erase')
    .description('destroys the data keys of a patient permanently')
    .requiredOption('--patient <system|value>', 'an identifier of the patient')
    .option('--yes', 'confirms the action', false)
    .addOption(data())
    .addOption(json())
    .action(async (flags: EraseFlags) => exit(await (await import('./commands/erase.ts')).erase(flags)));
  medrex
    .command('vault')
    .description('manages the patient vault')
    .command('rotate')
    .description('moves the vault to a new tenant key; nothing on the ledger changes')
    .addOption(data())
    .addOption(json())
    .action(async (flags: { readonly data: string; readonly json: boolean }) =>
      exit(await (await import('./commands/vault-rotate.ts')).vaultRotate(flags)),
    );
  const topics = medrex.command('topics').description('manages the topics of the event log');
  withManifestFlags(
    topics.command('diff').description('shows how the topics of a Kafka cluster differ from the topic table'),
  ).action(async (flags: TopicsManifestFlags) =>
    exit(await (await import('./commands/topics-manifest.ts')).topicsDiff(flags)),
  );
  withManifestFlags(
    topics.command('apply').description('creates missing topics, and configures the others as in the topic table'),
  ).action(async (flags: TopicsManifestFlags) =>
    exit(await (await import('./commands/topics-manifest.ts')).topicsApply(flags)),
  );
  topics
    .command('reset')
    .description('starts a new generation after the operations log was lost')
    .option('--yes', 'confirms the action', false)
    .addOption(data())
    .addOption(json())
    .action(async (flags: TopicsResetFlags) =>
      exit(await (await import('./commands/topics-reset.ts')).topicsReset(flags)),
    );
}

async function resend(id: string | undefined, { filter, ...flags }: ResendFlags): Promise<number> {
  if (id !== undefined && filter === undefined) return (await import('./commands/dlq.ts')).dlqResend(id, flags);
  if (id === undefined && filter !== undefined)
    return (await import('./commands/dlq-resend-many.ts')).dlqResendMany({ ...flags, filter });
  throw new UsageError('an id or --filter is required', '`medrex dlq list` shows the ids.');
}

function withManifestFlags(command: Command): Command {
  return command
    .option(
      '--brokers <list>',
      'brokers, host:port, comma-separated (default: MEDREX_KAFKA_BROKERS; TLS and SASL as for the services)',
    )
    .option('--channels <n>', 'number of channels, and so of partitions of the internal topics', positive, 1)
    .option('--replication-factor <n>', 'replicas of each partition; 1 for a cluster of one broker', positive, 3)
    .option('--min-insync-replicas <n>', 'replicas that must have a record before it is acknowledged', positive, 2)
    .addOption(json());
}

function addBenchmarks(medrex: Command, exit: Exit): void {
  withLoadFlags(medrex.command('load').description('generates an open-loop load on a running Medrex'), {
    rate: '500',
    seconds: '30',
  })
    .addOption(url())
    .option('--orderer-url <url>', 'address of orderer-dag, for counts of Fabric transactions and for foreign writers')
    .option(
      '--start <time>',
      'time of the messages, ISO 8601; the same time and seed give the same bytes (default: now)',
      instant,
    )
    .option(
      '--foreign-writers <share>',
      'share of the messages that a foreign writer writes directly to the ledger',
      share,
      0,
    )
    .addOption(data())
    .addOption(json())
    .action(async (flags: LoadCommandFlags) => exit(await (await import('./commands/load.ts')).load(flags)));
  const benchCommand = medrex.command('bench').description('runs measurements');
  withLoadFlags(
    benchCommand
      .command('compare')
      .description('sends the same load through a plain client, a retrying client and Medrex'),
    { rate: '500', seconds: '10' },
  )
    .option('--retries <n>', 'retries of the retrying client; 0 omits that client', notNegative, 10)
    .option('--concurrency <n>', 'Fabric transactions that the plain clients have in flight', positive, 256)
    .option('--batch-timeout <ms>', "BatchTimeout of the model's orderer", positive, 20)
    .addOption(
      new Option('--latencies <which>', 'latencies of the model of Fabric')
        .choices(['none', 'network'])
        .default('network'),
    )
    .addOption(json())
    .action(async (flags: BenchFlags) => exit(await (await import('./commands/bench-compare.ts')).bench(flags)));
}

function addQueries(medrex: Command, exit: Exit): void {
  medrex
    .command('tx')
    .description('shows the life of one operation')
    .argument('<id>', 'its transaction id')
    .addOption(url())
    .addOption(json())
    .action(async (id: string, flags: UrlFlags) => exit(await (await import('./commands/tx.ts')).tx(id, flags)));
  const dlq = medrex.command('dlq').description('manages dead operations and refused messages of the intake topics');
  dlq
    .command('list')
    .description('lists the newest ones')
    .option('--limit <n>', 'maximum number', positive, 50)
    .addOption(url())
    .addOption(json())
    .action(async (flags: UrlFlags & { readonly limit: number }) =>
      exit(await (await import('./commands/dlq.ts')).dlqList(flags)),
    );
  dlq
    .command('show')
    .description('shows one of them')
    .argument('<id>', 'its id')
    .addOption(url())
    .addOption(json())
    .action(async (id: string, flags: UrlFlags) => exit(await (await import('./commands/dlq.ts')).dlqShow(id, flags)));
  dlq
    .command('resend')
    .description(
      'sends one again, or all that match a filter; an operation becomes another attempt at the end of the order',
    )
    .argument('[id]', 'its id')
    .addOption(
      new Option(
        '--filter <field=value>',
        'all with this code, class or kind; may be repeated for different fields',
      ).argParser(collectFilters),
    )
    .option('--dry-run', 'shows which ones would be sent, and sends none', false)
    .option('--rate <n>', 'operations per second', positive, 50)
    .option('--until <time>', 'ignores letters that died later (default: now)', instant)
    .addOption(url())
    .addOption(json())
    .action(async (id: string | undefined, flags: ResendFlags) => exit(await resend(id, flags)));
  medrex
    .command('keys')
    .description('checks the design of keys')
    .command('lint')
    .description('finds anti-patterns in key templates and hot keys in recorded read-write sets')
    .option('--templates <file>', 'JSON list of templates (default: those of the clinical contract)')
    .option('--recorded <file>', 'read-write sets, one JSON object per line')
    .addOption(json())
    .action(async (flags: KeysLintFlags) => exit(await (await import('./commands/keys-lint.ts')).keysLint(flags)));
  medrex
    .command('audit')
    .description('audit logs of pg-proxy')
    .command('verify')
    .description(
      'checks audit logs for entries that were changed, left out, moved or cut off; exits with 1 if there are any',
    )
    .argument('<file...>', 'audit.file of the configuration, without a segment number')
    .option('--key-file <file>', 'key that seals the end of the log')
    .option('--from <segment>', 'first segment to check, if earlier ones were moved elsewhere', positive)
    .addOption(json())
    .action(async (files: string[], flags: AuditVerifyFlags) =>
      exit(await (await import('./commands/audit-verify.ts')).auditVerify(files, flags)),
    );
  medrex
    .command('doctor')
    .description('checks everything that a start needs')
    .addOption(data())
    .option('--port <port>', 'port of the API', portNumber, defaults.port)
    .addOption(json())
    .action(async (flags: { readonly data: string; readonly port: number; readonly json: boolean }) =>
      exit(await (await import('./commands/doctor-report.ts')).doctor(flags)),
    );
}
