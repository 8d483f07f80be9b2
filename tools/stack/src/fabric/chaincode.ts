import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Context } from '../context.ts';
import type { Binaries } from './binaries.ts';
import { everyPeer } from './channel.ts';
import type { FabricLayout } from './fabric-layout.ts';
import { asAdmin } from './peers.ts';
import { tarGz } from './tar.ts';

export interface ChaincodeDefinition {
  readonly name: string;
  readonly version: string;
  /** Address of its server, host:port. */
  readonly address: string;
  readonly policy?: string;
  /** Sequence of the definition; the next one by default. */
  readonly sequence?: number;
  /** Folder that contains META-INF, for indexes of the state database. */
  readonly directory?: string;
}

export interface DeployedChaincode {
  readonly packageId: string;
  readonly sequence: number;
  readonly isNew: boolean;
}

interface Committed {
  readonly sequence: number;
  readonly version: string;
}

/** Installs the package on every peer, approves it for every organisation and commits it. Skips steps already done. */
export async function deployChaincode(
  context: Context,
  binaries: Binaries,
  layout: FabricLayout,
  definition: ChaincodeDefinition,
): Promise<DeployedChaincode> {
  const { packageId, path } = await makePackage(context, binaries, layout, definition);
  const commands = new LifecycleCommands(context, binaries, layout);
  await commands.install(path, packageId);
  const before = await commands.committed(definition.name);
  const isThere =
    before?.version === definition.version &&
    (definition.sequence ?? before.sequence) === before.sequence &&
    (await commands.approvedPackage(definition.name)) === packageId;
  if (isThere) return { packageId, sequence: before.sequence, isNew: false };
  const sequence = definition.sequence ?? (before?.sequence ?? 0) + 1;
  const policy = definition.policy ?? everyPeer(layout.firstPeers);
  const args = [
    '--name',
    definition.name,
    '--version',
    definition.version,
    '--sequence',
    String(sequence),
    '--signature-policy',
    policy,
  ];
  await commands.approve(args, packageId);
  await commands.commit(args);
  return { packageId, sequence, isNew: true };
}

class LifecycleCommands {
  readonly #context: Context;
  readonly #binaries: Binaries;
  readonly #layout: FabricLayout;
  readonly #channel: string;
  readonly #orderer: readonly string[];

  constructor(context: Context, binaries: Binaries, layout: FabricLayout) {
    this.#context = context;
    this.#binaries = binaries;
    this.#layout = layout;
    this.#channel = context.configuration.channel;
    this.#orderer = ['-o', `127.0.0.1:${context.ports.orderer}`, '--tls', '--cafile', layout.ordererCa];
  }

  async install(path: string, packageId: string): Promise<void> {
    for (const peer of this.#layout.peers) {
      const installed = await this.#lifecycle(peer, ['queryinstalled', '--output', 'json']);
      if (!installed.includes(`"${packageId}"`)) await this.#lifecycle(peer, ['install', path]);
    }
  }

  async committed(name: string): Promise<Committed | undefined> {
    const [peer] = this.#layout.peers;
    if (peer === undefined) return undefined;
    // Query all definitions, since the query of a missing one by name is an error.
    const answer = await this.#lifecycle(peer, ['querycommitted', '--channelID', this.#channel, '--output', 'json']);
    const { chaincode_definitions: all = [] } = JSON.parse(answer) as {
      chaincode_definitions?: (Committed & { name: string })[];
    };
    return all.find((one) => one.name === name);
  }

  /** The package id approved by every organisation for the committed definition; undefined when they differ. */
  async approvedPackage(name: string): Promise<string | undefined> {
    const ids = new Set<string | undefined>();
    for (const peer of this.#layout.firstPeers) {
      const args = ['queryapproved', '--channelID', this.#channel, '--name', name, '--output', 'json'];
      const answer = await this.#lifecycle(peer, args).catch(() => '{}');
      ids.add(/"package_id":\s*"([^"]+)"/.exec(answer)?.[1]);
    }
    return ids.size === 1 ? [...ids][0] : undefined;
  }

  async approve(definition: readonly string[], packageId: string): Promise<void> {
    for (const peer of this.#layout.firstPeers)
      await this.#lifecycle(peer, [
        'approveformyorg',
        ...this.#ordererFor(peer),
        '--channelID',
        this.#channel,
        ...definition,
        '--package-id',
        packageId,
      ]);
  }

  async commit(definition: readonly string[]): Promise<void> {
    const [first] = this.#layout.firstPeers;
    if (first === undefined) return;
    const peers = this.#layout.firstPeers.flatMap((peer) => [
      '--peerAddresses',
      `127.0.0.1:${peer.ports.listen}`,
      '--tlsRootCertFiles',
      join(peer.tls, 'ca.crt'),
    ]);
    await this.#lifecycle(first, [
      'commit',
      ...this.#ordererFor(first),
      '--channelID',
      this.#channel,
      ...definition,
      ...peers,
    ]);
  }

  /** Flags for the orderer, with the administrator's certificate under mutual TLS. */
  #ordererFor({ adminTls }: FabricLayout['peers'][number]): readonly string[] {
    if (!this.#context.options.isTlsMutual) return this.#orderer;
    const own = ['--certfile', join(adminTls, 'client.crt'), '--keyfile', join(adminTls, 'client.key')];
    return [...this.#orderer, '--clientauth', ...own];
  }

  async #lifecycle(peer: FabricLayout['peers'][number], args: readonly string[]): Promise<string> {
    return asAdmin(this.#context, this.#binaries, peer, ['lifecycle', 'chaincode', ...args]);
  }
}

async function makePackage(
  context: Context,
  binaries: Binaries,
  layout: FabricLayout,
  { name, version, address, directory }: ChaincodeDefinition,
): Promise<{ packageId: string; path: string }> {
  const label = `${name}_${version}`;
  const connection = { address, dial_timeout: '10s', tls_required: false };
  const code = tarGz({ 'connection.json': json(connection), ...metaInf(directory) });
  const archive = tarGz({ 'metadata.json': json({ type: 'ccaas', label }), 'code.tar.gz': code });
  const path = join(layout.folder, 'packages', `${label}.tar.gz`);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, archive);
  const [peer] = layout.peers;
  if (peer === undefined) throw new Error('a network without a peer');
  const packageId = await asAdmin(context, binaries, peer, ['lifecycle', 'chaincode', 'calculatepackageid', path]);
  return { packageId: packageId.trim(), path };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function metaInf(directory: string | undefined): Record<string, Buffer> {
  const folder = directory === undefined ? undefined : join(directory, 'META-INF');
  if (directory === undefined || folder === undefined || !existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [relative(directory, path), readFileSync(path)]));
}
