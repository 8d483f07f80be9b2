import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type CommonFlags, type UpFlags, deploy, type DeployFlags, down, type DownFlags, env, up } from './commands.ts';
import { partNames } from './context.ts';
import { showLogs, type LogsFlags } from './show-logs.ts';
import { showStatus } from './show-status.ts';

const json = () => new Option('--json', 'prints one JSON document instead of text').default(false);
const dir = () =>
  new Option('--dir <folder>', 'folder of the stack: data, keys, logs, state')
    .default(resolve(import.meta.dirname, '..', '..', '..', '.stack'), '.stack in the repository')
    .argParser((path: string) => resolve(path));

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
};

const offset = (text: string): number | 'auto' => (text === 'auto' ? 'auto' : whole(text));

const parts = (text: string): readonly string[] => {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !(partNames as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}. Parts: ${partNames.join(', ')}.`);
  return names;
};

const batchTimeout = (text: string): string => {
  if (!/^\d+(\.\d+)?(ms|s)$/.test(text)) throw new InvalidArgumentError('It must be a duration like 20ms or 2s.');
  return text;
};

const blockSize = (text: string): string => {
  if (!/^\d+,\d+ [KM]B,\d+ [KM]B$/.test(text))
    throw new InvalidArgumentError('It must be messages, preferred bytes and absolute bytes, e.g. "500,2 MB,10 MB".');
  return text;
};

/** The command line of `npm run stack`. */
export function program(): Command {
  const stack = new Command('npm run stack --')
    .description('Runs Kafka, Fabric, Redis and PostgreSQL on this machine without containers, all on 127.0.0.1')
    .showHelpAfterError()
    .exitOverride();
  addUp(stack);
  stack
    .command('down')
    .description('stops everything that up started; keeps the data')
    .addOption(dir())
    .option('--clean', 'also removes the data', false)
    .addOption(json())
    .action(async (flags: DownFlags) => down(flags));
  stack
    .command('status')
    .description('shows what runs, where, and since when; exits with 1 if a started part is not running')
    .addOption(dir())
    .addOption(json())
    .action(async (flags: CommonFlags) => showStatus(flags));
  stack
    .command('logs')
    .description('prints the end of the logs of all processes, or of one')
    .argument('[process]', 'its name in status')
    .addOption(dir())
    .option('--lines <n>', 'number of lines of each log', whole, 50)
    .option('--follow', 'keeps printing new lines, until Ctrl-C', false)
    .action(async (name: string | undefined, flags: LogsFlags) => showLogs(name, flags));
  stack
    .command('env')
    .description(
      'prints the variables with which tests and services find the stack, for a shell: eval "$(npm run -s stack -- env)"',
    )
    .addOption(dir())
    .addOption(json())
    .action((flags: CommonFlags) => env(flags));
  addChaincode(stack);
  return stack;
}

function addUp(stack: Command): void {
  stack
    .command('up')
    .description('starts what is not running yet, and returns when clients can connect')
    .addOption(dir())
    .option('--only <parts>', `some of: ${partNames.join(', ')}`, parts)
    .addOption(
      new Option('--ledger <which>', 'real peers, the development network (a model of Fabric), or both').choices([
        'fabric',
        'devnet',
        'both',
      ]),
    )
    .option('--batch-timeout <duration>', "the orderer's BatchTimeout (deploy/stack.json says 20ms)", batchTimeout)
    .option('--block-size <limits>', "the orderer's MaxMessageCount, PreferredMaxBytes and AbsoluteMaxBytes", blockSize)
    .addOption(new Option('--orgs <n>', 'organisations with a peer; with 2, both must endorse').choices(['1', '2']))
    .addOption(
      new Option('--peers <n>', 'peers per organisation on real Fabric; the second is a spare').choices(['1', '2']),
    )
    .option('--mutual-tls', 'peers and orderer of real Fabric require client certificates')
    .addOption(new Option('--state-db <which>', "the peers' state database").choices(['goleveldb', 'couchdb']))
    .option('--chaincode <command>', 'command that runs the chaincode server, or none (default: ours)')
    .option('--offset <n>', 'offset of all ports, for a second stack; auto finds free ports', offset)
    .addOption(json())
    .addHelpText('after', '\nOmitted flags keep their values from the last up in the same folder.')
    .action(async (flags: UpFlags) => up(flags));
}

function addChaincode(stack: Command): void {
  stack
    .command('chaincode')
    .description('manages chaincodes that run as a service on the running network')
    .command('deploy')
    .description('installs, approves and commits a chaincode; prints the package id for its server')
    .requiredOption('--name <name>', 'its name on the channel')
    .requiredOption('--address <host:port>', 'where its server listens')
    .option('--version <text>', 'its version', '1')
    .option('--policy <rule>', "endorsement policy, for example OR('Org1MSP.peer') (default: every organisation)")
    .option('--sequence <n>', 'sequence of the definition (default: the next one)', whole)
    .option('--meta-inf <folder>', 'folder that contains META-INF, for indexes')
    .addOption(dir())
    .addOption(json())
    .action(async (flags: DeployFlags) => deploy(flags));
}
