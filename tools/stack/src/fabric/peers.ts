import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { expectFree } from '../processes/ports.ts';
import { run } from '../processes/run.ts';
import type { Binaries } from './binaries.ts';
import { fabricLogging } from './fabric-logging.ts';
import type { FabricLayout, Peer } from './fabric-layout.ts';
import { isHealthy } from './orderer.ts';

/** Starts one peer and joins it to the channel. */
export async function startPeer(context: Context, binaries: Binaries, layout: FabricLayout, peer: Peer): Promise<void> {
  const { processes, signal } = context;
  if (!processes.isAlive(peer.name)) {
    await expectFree(peer.name, [peer.ports.listen, peer.ports.chaincode, peer.ports.operations]);
    const builder = writeBuilder(layout);
    const env = environment(context, { config: writeCoreYaml(binaries, layout), peer, layout, builder });
    processes.start(peer.name, binaries.peer, ['node', 'start'], { env, cwd: layout.folder });
  }
  // Check both, as its health page answers before its services.
  let joined = '';
  const answers = async (): Promise<boolean> => {
    if (!(await isHealthy(peer.ports.operations))) return false;
    joined = await asAdmin(context, binaries, peer, ['channel', 'list']);
    return true;
  };
  await processes.ready(peer.name, answers, signal);
  if (joined.split('\n').includes(context.configuration.channel)) return;
  await asAdmin(context, binaries, peer, ['channel', 'join', '-b', layout.channelBlock]);
}

/** Runs the `peer` command as the organisation's administrator, against its own peer. */
export async function asAdmin(
  context: Context,
  binaries: Binaries,
  peer: Peer,
  args: readonly string[],
): Promise<string> {
  const env = {
    FABRIC_CFG_PATH: binaries.config,
    ...fabricLogging,
    CORE_PEER_LOCALMSPID: peer.organization.mspId,
    CORE_PEER_MSPCONFIGPATH: peer.adminMsp,
    CORE_PEER_ADDRESS: `127.0.0.1:${peer.ports.listen}`,
    CORE_PEER_TLS_ENABLED: 'true',
    CORE_PEER_TLS_ROOTCERT_FILE: join(peer.tls, 'ca.crt'),
    ...(context.options.isTlsMutual ? clientCertificate(peer.adminTls) : {}),
  };
  return run(binaries.peer, args, context.signal, { env });
}

const clientCertificate = (folder: string): Record<string, string> => ({
  CORE_PEER_TLS_CLIENTAUTHREQUIRED: 'true',
  CORE_PEER_TLS_CLIENTCERT_FILE: join(folder, 'client.crt'),
  CORE_PEER_TLS_CLIENTKEY_FILE: join(folder, 'client.key'),
});

/** External builder for chaincode as a service: three scripts that give the peer the address of the running server. */
const builderScripts = {
  detect: `#!/bin/sh
# detect SOURCE METADATA: ours when the package says that it is a service.
grep -q '"type" *: *"ccaas"' "$2/metadata.json"
`,
  build: `#!/bin/sh
# build SOURCE METADATA OUTPUT: nothing to compile; keep the address and the indexes.
set -e
cp "$1/connection.json" "$3/"
if [ -d "$1/META-INF" ]; then cp -R "$1/META-INF" "$3/"; fi
`,
  release: `#!/bin/sh
# release OUTPUT RELEASE: the address and the indexes, where the peer looks for them.
set -e
mkdir -p "$2/chaincode/server"
cp "$1/connection.json" "$2/chaincode/server/"
if [ -d "$1/META-INF/statedb" ]; then cp -R "$1/META-INF/statedb" "$2/"; fi
`,
};

function writeBuilder(layout: FabricLayout): string {
  const folder = join(layout.folder, 'builder');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  for (const [name, text] of Object.entries(builderScripts)) {
    writeFileSync(join(folder, 'bin', name), text);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  return folder;
}

/**
 * Writes the sample configuration without its container runtime, which would keep the peer unhealthy. An empty environment variable
 * does not work, as the peer treats it as unset.
 */
function writeCoreYaml(binaries: Binaries, layout: FabricLayout): string {
  const folder = join(layout.folder, 'config');
  mkdirSync(folder, { recursive: true });
  const sample = readFileSync(join(binaries.config, 'core.yaml'), 'utf8');
  writeFileSync(join(folder, 'core.yaml'), sample.replace(/^(\s+endpoint:) *unix:.*$/m, '$1'));
  return folder;
}

interface PeerEnvironment {
  /** Folder of core.yaml. */
  readonly config: string;
  readonly peer: Peer;
  readonly layout: FabricLayout;
  /** Folder of the external builder. */
  readonly builder: string;
}

function environment(
  { configuration, options }: Context,
  { config, peer, layout, builder }: PeerEnvironment,
): Record<string, string> {
  const tls = (file: string): string => join(peer.tls, file);
  const own = `127.0.0.1:${peer.ports.listen}`;
  return {
    FABRIC_CFG_PATH: config,
    ...fabricLogging,
    CORE_PEER_ID: peer.host,
    CORE_PEER_ADDRESS: own,
    CORE_PEER_LISTENADDRESS: own,
    CORE_PEER_CHAINCODEADDRESS: `127.0.0.1:${peer.ports.chaincode}`,
    CORE_PEER_CHAINCODELISTENADDRESS: `127.0.0.1:${peer.ports.chaincode}`,
    CORE_PEER_GOSSIP_BOOTSTRAP: own, // each peer gets its blocks from the orderer
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: own,
    CORE_PEER_LOCALMSPID: peer.organization.mspId,
    CORE_PEER_MSPCONFIGPATH: peer.msp,
    CORE_PEER_FILESYSTEMPATH: peer.folder,
    CORE_PEER_TLS_ENABLED: 'true',
    CORE_PEER_TLS_CERT_FILE: tls('server.crt'),
    CORE_PEER_TLS_KEY_FILE: tls('server.key'),
    CORE_PEER_TLS_ROOTCERT_FILE: tls('ca.crt'),
    CORE_PEER_PROFILE_ENABLED: 'false',
    CORE_PEER_LIMITS_CONCURRENCY_GATEWAYSERVICE: String(configuration.gatewayConcurrency),
    CORE_LEDGER_SNAPSHOTS_ROOTDIR: join(peer.folder, 'snapshots'),
    CORE_OPERATIONS_LISTENADDRESS: `127.0.0.1:${peer.ports.operations}`,
    CORE_METRICS_PROVIDER: 'prometheus',
    CORE_CHAINCODE_EXECUTETIMEOUT: configuration.executeTimeout,
    CORE_CHAINCODE_EXTERNALBUILDERS: `[{name: ccaas, path: ${JSON.stringify(builder)}}]`,
    ...(options.stateDatabase === 'couchdb' ? couchdb(peer) : {}),
    ...(options.isTlsMutual ? askForCertificates(layout) : {}),
  };
}

const couchdb = (peer: Peer): Record<string, string> => ({
  CORE_LEDGER_STATE_STATEDATABASE: 'CouchDB',
  CORE_LEDGER_STATE_COUCHDBCONFIG_COUCHDBADDRESS: `127.0.0.1:${peer.ports.couchdb}`,
  CORE_LEDGER_STATE_COUCHDBCONFIG_USERNAME: '',
  CORE_LEDGER_STATE_COUCHDBCONFIG_PASSWORD: '',
});

const askForCertificates = ({ firstPeers }: FabricLayout): Record<string, string> => ({
  CORE_PEER_TLS_CLIENTAUTHREQUIRED: 'true',
  CORE_PEER_TLS_CLIENTROOTCAS_FILES: firstPeers.map(({ tls }) => join(tls, 'ca.crt')).join(' '),
});
