import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Exit } from '../program.ts';
import type { DevnetFlags } from './devnet.ts';
import { defaults } from './defaults.ts';
import { notNegative, portNumber, positive } from './load-options.ts';

/** A chaincode given by --chaincode. */
export interface ChaincodeFlag {
  readonly name: string;
  readonly address: string;
}

/** Default name of a chaincode, that of the Fabric samples. */
const defaultName = 'basic';

/** Adds `medrex devnet`. */
export function addDevnet(medrex: Command, exit: Exit): void {
  medrex
    .command('devnet')
    .description("runs a model of Fabric behind Fabric's own gRPC services, for development, until Ctrl-C")
    .addOption(
      new Option(
        '--chaincode <[name=]host:port>',
        `chaincode that runs as a service, named ${defaultName} by default; may be repeated`,
      )
        .argParser(collectChaincodes)
        .default([], 'none'),
    )
    .option('--channel <name>', 'channel', defaults.channel)
    .option('--orgs <n>', 'organisations, one peer each', positive, 1)
    .option(
      '--policy <text>',
      "endorsement policy of the chaincodes, for example AND('Org1MSP.peer','Org2MSP.peer'); default: a majority of the peers",
    )
    .option(
      '--port <port>',
      'port of the first peer; the other peers and the orderer use the next ports; 0 for any free ports',
      portNumber,
      7051,
    )
    .option('--batch-timeout <ms>', 'BatchTimeout', positive, 20)
    .option('--max-message-count <n>', 'MaxMessageCount', positive, 500)
    .option('--execute-timeout <ms>', 'maximum time of a chaincode, ms', positive, 30_000)
    .addOption(
      new Option(
        '--fabric <version>',
        'Fabric version that the peers emulate for chaincodes; 3.1 offers batch messages',
      )
        .choices(['3.1', '2.5'])
        .default('3.1'),
    )
    .addOption(
      new Option('--lag <Msp=ms>', 'delays the commits of a peer, for example Org2MSP=500; may be repeated')
        .argParser(collectLags)
        .default({}, 'none'),
    )
    .option(
      '--data <folder>',
      'folder that keeps certificates and blocks for the next start (default: a temporary folder)',
    )
    .addOption(new Option('--json', 'prints one JSON document instead of text').default(false))
    .action(async (flags: DevnetFlags) => exit(await (await import('./devnet.ts')).devnet(flags)));
}

function collectChaincodes(text: string, before: readonly ChaincodeFlag[]): readonly ChaincodeFlag[] {
  const found = /^(?:([A-Za-z0-9][\w-]*)=)?([^=\s]+:\d{1,5})$/.exec(text);
  if (found === null) throw new InvalidArgumentError('It must be host:port or name=host:port.');
  const [, name = defaultName, address = ''] = found;
  if (before.some((chaincode) => chaincode.name === name))
    throw new InvalidArgumentError(`There are two named ${name}.`);
  return [...before, { name, address }];
}

function collectLags(text: string, before: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const [mspId = '', ms, more] = text.split('=');
  if (ms === undefined || more !== undefined || mspId === '')
    throw new InvalidArgumentError('It must be like Org2MSP=500.');
  return { ...before, [mspId]: notNegative(ms) };
}
