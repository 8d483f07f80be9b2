import { join } from 'node:path';
import type { Context } from '../context.ts';
import { expectFree, isListening } from '../processes/ports.ts';
import { run } from '../processes/run.ts';
import type { Binaries } from './binaries.ts';
import { fabricLogging } from './fabric-logging.ts';
import type { FabricLayout } from './fabric-layout.ts';

/** Starts a single Raft orderer and joins it to the channel. */
export async function startOrderer(context: Context, binaries: Binaries, layout: FabricLayout): Promise<void> {
  const { processes, ports, signal } = context;
  if (!processes.isAlive('orderer')) {
    await expectFree('orderer', [ports.orderer, ports.ordererAdmin, ports.ordererOperations]);
    processes.start('orderer', binaries.orderer, [], {
      env: environment(context, binaries, layout),
      cwd: layout.folder,
    });
  }
  const answers = async (): Promise<boolean> =>
    (await isHealthy(ports.ordererOperations)) && (await isListening(ports.ordererAdmin));
  await processes.ready('orderer', answers, signal);
  await joinChannel(context, binaries, layout);
}

export async function isHealthy(operationsPort: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${operationsPort}/healthz`, { signal: AbortSignal.timeout(2_000) });
  return response.ok;
}

async function joinChannel(context: Context, binaries: Binaries, layout: FabricLayout): Promise<void> {
  const { channel } = context.configuration;
  const admin = `127.0.0.1:${context.ports.ordererAdmin}`;
  const response = await fetch(`http://${admin}/participation/v1/channels/${channel}`);
  if (!response.ok)
    await run(
      binaries.osnadmin,
      ['channel', 'join', '--channelID', channel, '--config-block', layout.channelBlock, '-o', admin],
      context.signal,
    );
  // Wait for the election, as envelopes before it are refused.
  await context.processes.ready('orderer', () => hasLeader(context), context.signal);
}

async function hasLeader({ configuration, ports }: Context): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${ports.ordererOperations}/metrics`);
  const text = await response.text();
  return text.includes(`consensus_etcdraft_is_leader{channel="${configuration.channel}"} 1`);
}

function environment(
  { configuration, ports, options }: Context,
  binaries: Binaries,
  layout: FabricLayout,
): Record<string, string> {
  const tls = (file: string): string => join(layout.ordererTls, file);
  return {
    FABRIC_CFG_PATH: binaries.config,
    ...fabricLogging,
    ORDERER_GENERAL_LISTENADDRESS: '127.0.0.1',
    ORDERER_GENERAL_LISTENPORT: String(ports.orderer),
    ORDERER_GENERAL_LOCALMSPID: configuration.orderer.mspId,
    ORDERER_GENERAL_LOCALMSPDIR: layout.ordererMsp,
    ORDERER_GENERAL_TLS_ENABLED: 'true',
    ORDERER_GENERAL_TLS_PRIVATEKEY: tls('server.key'),
    ORDERER_GENERAL_TLS_CERTIFICATE: tls('server.crt'),
    ORDERER_GENERAL_TLS_ROOTCAS: `[${tls('ca.crt')}]`,
    ORDERER_GENERAL_BOOTSTRAPMETHOD: 'none',
    ORDERER_GENERAL_PROFILE_ENABLED: 'false',
    ORDERER_CHANNELPARTICIPATION_ENABLED: 'true',
    ORDERER_FILELEDGER_LOCATION: join(layout.ordererFolder, 'ledger'),
    ORDERER_CONSENSUS_WALDIR: join(layout.ordererFolder, 'wal'),
    ORDERER_CONSENSUS_SNAPDIR: join(layout.ordererFolder, 'snapshots'),
    ORDERER_ADMIN_LISTENADDRESS: `127.0.0.1:${ports.ordererAdmin}`,
    ORDERER_OPERATIONS_LISTENADDRESS: `127.0.0.1:${ports.ordererOperations}`,
    ORDERER_METRICS_PROVIDER: 'prometheus',
    ...(options.isTlsMutual ? askForCertificates(layout) : {}),
  };
}

const askForCertificates = ({ firstPeers, ordererCa }: FabricLayout): Record<string, string> => ({
  ORDERER_GENERAL_TLS_CLIENTAUTHREQUIRED: 'true',
  ORDERER_GENERAL_TLS_CLIENTROOTCAS: `[${[ordererCa, ...firstPeers.map(({ tls }) => join(tls, 'ca.crt'))].join(',')}]`,
});
