import { join } from 'node:path';
import type { Context } from '../context.ts';
import { stackError } from '../errors.ts';
import { chaincodeCommand, startChaincodeServer } from '../parts/chaincode-server.ts';
import type { Part } from '../parts/part.ts';
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
import { startStateDatabase } from './state-database.ts';

/** Real Fabric: one Raft orderer, one or two peers per organisation, TLS, chaincode as a service. */
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
    for (const peer of layout.peers) {
      await startStateDatabase(context, peer);
      await startPeer(context, binaries, layout, peer);
    }
    const [profile = ''] = writeProfiles(context, layout, version);
    const deployed = await startOurChaincode(context, binaries, layout);
    context.say(
      `fabric ${version}: ${layout.peers.map((peer) => peer.host).join(', ')}, ${chaincodeLine(context, deployed)}`,
    );
    return { MEDREX_TEST_FABRIC: profile, MEDREX_FABRIC_PROFILE: profile, ...couchdbEnvironment(context, layout) };
  },
};

const couchdbEnvironment = ({ options }: Context, { peers: [peer] }: FabricLayout): Record<string, string> =>
  options.stateDatabase === 'couchdb' && peer !== undefined
    ? { MEDREX_TEST_COUCHDB: `http://127.0.0.1:${peer.ports.couchdb}` }
    : {};

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
  'block size': `${configuration.block.messagesMax},${configuration.block.preferredBytesMax}`,
  organisations: String(options.organizations),
  ...(options.peers > 1 && { 'peers of each': String(options.peers) }),
  ...(options.isTlsMutual && { 'mutual TLS': 'asked for' }),
  'state database': options.stateDatabase,
  'orderer port': String(ports.orderer), // is part of the channel configuration
});

async function startOurChaincode(
  context: Context,
  binaries: Binaries,
  layout: FabricLayout,
): Promise<DeployedChaincode | undefined> {
  if (chaincodeCommand(context) === undefined) return undefined;
  const { processes, ports, configuration, root } = context;
  const { name, version, directory } = configuration.chaincode;
  const address = `127.0.0.1:${ports.chaincode}`;
  const definition = { name, version, address, directory: join(root, directory) };
  const deployed = await deployChaincode(context, binaries, layout, definition);
  // The peer identifies a server by its package id, so a new package needs a new server.
  if (deployed.isNew) await processes.stop('chaincode');
  await startChaincodeServer(context, 'chaincode', ports.chaincode, deployed.packageId);
  return deployed;
}

/** `stack chaincode deploy`: deploys any chaincode to the running network. */
export async function deployOn(
  context: Context,
  definition: Parameters<typeof deployChaincode>[3],
): Promise<DeployedChaincode> {
  const layout = fabricLayout(context);
  if (!context.processes.isAlive('orderer'))
    throw stackError('notReady', 'fabric is not up: npm run stack -- up --only fabric');
  return deployChaincode(context, findBinaries(), layout, definition);
}
