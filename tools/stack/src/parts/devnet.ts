import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { stackError } from '../errors.ts';
import { expectFree, isListening } from '../processes/ports.ts';
import { keepSettings } from '../settings.ts';
import { chaincodeCommand, startChaincodeServer } from './chaincode-server.ts';
import type { Part } from './part.ts';

/** The development network: a model of Fabric with Fabric's own gRPC services, and its own chaincode server. */
export const devnet: Part = {
  name: 'devnet',
  async up(context) {
    const { processes, ports, signal, root } = context;
    if (!existsSync(join(root, 'apps', 'devnet')))
      throw stackError('missing', 'devnet: the development network is missing in this repository.');
    const folder = join(context.folder, 'devnet');
    keepSettings('devnet', folder, settings(context));
    await startChaincodeServer(
      context,
      'devnet-chaincode',
      ports.devnetChaincode,
      context.configuration.chaincode.name,
    );
    if (!processes.isAlive('devnet')) {
      await expectFree('devnet', portsOf(context));
      const medrex = join(root, 'apps', 'medrex', 'bin', 'medrex.js');
      processes.start('devnet', process.execPath, [medrex, 'devnet', ...flags(context, folder)], { cwd: root });
    }
    let profile: string | undefined;
    const isUp = async (): Promise<boolean> => {
      profile = profileOf(processes.logOf('devnet'));
      return profile !== undefined && (await Promise.all(portsOf(context).map(isListening))).every(Boolean);
    };
    await processes.ready('devnet', isUp, signal);
    context.say('devnet: a model of Fabric; its performance is not that of a Fabric network');
    return { MEDREX_TEST_DEVNET: profile ?? '' };
  },
};

const settings = ({ configuration, options }: Context): Record<string, string> => ({
  channel: configuration.channel,
  BatchTimeout: options.batchTimeout,
  organisations: String(options.organizations),
});

/** The ports: one peer per organisation, then the orderer. */
const portsOf = ({ ports, options }: Context): readonly number[] =>
  Array.from({ length: options.organizations + 1 }, (_, index) => ports.devnet + index);

function flags(context: Context, folder: string): readonly string[] {
  const { configuration, options, ports } = context;
  const address = `${configuration.chaincode.name}=127.0.0.1:${ports.devnetChaincode}`;
  return [
    ...['--data', join(folder, 'network'), '--json'],
    ...['--channel', configuration.channel, '--orgs', String(options.organizations)],
    ...['--port', String(ports.devnet), '--batch-timeout', String(milliseconds(options.batchTimeout))],
    ...['--max-message-count', String(configuration.block.messagesMax)],
    ...['--execute-timeout', String(milliseconds(configuration.executeTimeout))],
    ...(chaincodeCommand(context) === undefined ? [] : ['--chaincode', address]),
  ];
}

/** Parses `20ms` or `2s` into ms. */
const milliseconds = (duration: string): number => Number.parseFloat(duration) * (duration.endsWith('ms') ? 1 : 1_000);

/** The path of the connection profile, from the JSON line in the log of the network. */
function profileOf(log: string): string | undefined {
  const lines = readFileSync(log, 'utf8').split('\n');
  const summary = lines.findLast((line) => line.startsWith('{') && line.includes('"profile"'));
  return summary === undefined ? undefined : (JSON.parse(summary) as { profile: string }).profile;
}
