import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { stackError } from '../errors.ts';
import type { Part } from '../parts/part.ts';
import { expectFree, isListening } from '../processes/ports.ts';
import { run } from '../processes/run.ts';
import { keepSettings } from '../settings.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { type DeployedChaincode, deployChaincode } from './chaincode.ts';
import { makeChannelBlock } from './channel.ts';
import { writeProfiles } from './connection-profile.ts';
import { makeCrypto } from './crypto.ts';
import { type FabricLayout, fabricLayout } from './fabric-layout.ts';
import { startOrderer } from './orderer.ts';
import { startPeer } from './peers.ts';

/** Real Fabric: one Raft orderer, one peer for each organisation, TLS, chaincode as a service. */
export const fabric: Part = {
  name: 'fabric',
  async up(context) {
    const binaries = findBinaries();
    const layout = fabricLayout(context);
    const version = await fabricVersion(binaries, context.signal);
    keepSettings('fabric', layout.folder, settings(context, version));
    await makeCrypto(context, binaries, layout);
    await makeChannelBlock(context, binaries, layout);
    await startOrderer(context, binaries, layout);
    for (const peer of layout.peers) await startPeer(context, binaries, layout, peer);
    const [profile = ''] = writeProfiles(context, layout);
    const deployed = await startOurChaincode(context, binaries, layout);
    context.say(
      `fabric ${version}: ${layout.peers.map((peer) => peer.host).join(', ')}, ${chaincodeLine(context, deployed)}`,
    );
    return { MEDREX_TEST_FABRIC: profile, MEDREX_FABRIC_PROFILE: profile };
  },
};

const chaincodeLine = ({ configuration }: Context, deployed: DeployedChaincode | undefined): string =>
  deployed === undefined ? 'no chaincode' : `chaincode ${configuration.chaincode.name}, sequence ${deployed.sequence}`;

async function fabricVersion(binaries: Binaries, signal: AbortSignal): Promise<string> {
  const text = await run(binaries.peer, ['version'], signal, { env: { FABRIC_CFG_PATH: binaries.config } });
  return /Version: v?(\S+)/.exec(text)?.[1] ?? 'unknown';
}

const settings = ({ configuration, options, ports }: Context, version: string): Record<string, string> => ({
  'Fabric version': version,
  channel: configuration.channel,
  BatchTimeout: options.batchTimeout,
  organisations: String(options.organizations),
  'state database': options.stateDatabase,
  'orderer port': String(ports.orderer), // stands in the channel's configuration
});

/** The command of the chaincode server that `up` runs; undefined when it shall run none. */
function chaincodeCommand({ root, configuration, options }: Context): readonly string[] | undefined {
  if (options.chaincode === 'none') return undefined;
  if (options.chaincode !== 'default') return ['/bin/sh', '-c', `exec ${options.chaincode}`];
  const main = join(root, configuration.chaincode.main);
  return existsSync(main) ? [process.execPath, main] : undefined;
}

async function startOurChaincode(
  context: Context,
  binaries: Binaries,
  layout: FabricLayout,
): Promise<DeployedChaincode | undefined> {
  const [command, ...args] = chaincodeCommand(context) ?? [];
  if (command === undefined) return undefined;
  const { processes, ports, configuration, root, signal } = context;
  const { name, version, directory } = configuration.chaincode;
  const address = `127.0.0.1:${ports.chaincode}`;
  const definition = { name, version, address, directory: join(root, directory) };
  const deployed = await deployChaincode(context, binaries, layout, definition);
  // A server is known to the peer by its package id: another package needs another server.
  if (deployed.isNew) await processes.stop('chaincode');
  if (!processes.isAlive('chaincode')) {
    await expectFree('chaincode', [ports.chaincode]);
    const env = {
      CHAINCODE_ID: deployed.packageId,
      CHAINCODE_SERVER_ADDRESS: address,
      CORE_CHAINCODE_LOGGING_LEVEL: 'error', // the default writes a line for each call
      CORE_CHAINCODE_LOGGING_SHIM: 'error',
    };
    processes.start('chaincode', command, args, { env, cwd: root });
  }
  await processes.ready('chaincode', () => isListening(ports.chaincode), signal);
  return deployed;
}

/** `stack chaincode deploy`: any chaincode on the network that is up. */
export async function deployOn(
  context: Context,
  definition: Parameters<typeof deployChaincode>[3],
): Promise<DeployedChaincode> {
  const layout = fabricLayout(context);
  if (!context.processes.isAlive('orderer'))
    throw stackError('notReady', 'fabric is not up: npm run stack -- up --only fabric');
  return deployChaincode(context, findBinaries(), layout, definition);
}
