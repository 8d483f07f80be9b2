import { orderer as ordererMessages } from '@hyperledger/fabric-protos';
import { makeFolder } from '@medrex/embedded';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { orderedBlock } from './block/block.ts';
import { openChannel, type Channel } from './channel.ts';
import { writeConnectionProfile } from './connection-profile.ts';
import { devnetLabel } from './devnet-label.ts';
import { lockFolder } from './folder-lock.ts';
import { openOrganisations, type Organisations } from './identity/crypto-folder.ts';
import { networkSettings, type NetworkOptions, type NetworkSettings } from './network-options.ts';
import { BroadcastFilter } from './orderer/broadcast-filter.ts';
import { broadcastHandler } from './orderer/broadcast-service.ts';
import { Ordering } from './orderer/ordering.ts';
import { Endorser } from './peer/endorser.ts';
import { Height } from './peer/height.ts';
import { NetworkPeer } from './peer/network-peer.ts';
import { SystemChaincodes } from './peer/system-chaincodes.ts';
import { deliverHandler, ordererResponses } from './services/deliver.ts';
import { NodeServer } from './services/node-server.ts';
import { addPeerServices } from './services/peer-services.ts';

/** Fabric's default limit of batch messages to and from a chaincode. */
const batchMessageMax = 1_000;
const graceMs = 500;

/** Address of a node. */
export interface NodeAddress {
  readonly name: string;
  readonly mspId: string;
  readonly address: string;
}

interface NetworkParts {
  readonly settings: NetworkSettings;
  readonly folder: string;
  readonly isTemporary: boolean;
  readonly lock: { release(): void };
  readonly organisations: Organisations;
}

/** A Fabric channel for clients and chaincodes, in this process: peers, an orderer, TLS, identities. */
export class DevelopmentNetwork {
  readonly label = devnetLabel;
  readonly folder: string;
  readonly channel: string;
  readonly peers: readonly NetworkPeer[];
  readonly #parts: NetworkParts;
  readonly #shared: Channel;
  readonly #ordering: Ordering;
  readonly #ordererHeight: Height;
  readonly #servers = new Map<string, NodeServer>();
  readonly #onFailed: (error: unknown) => void;
  #profile = '';

  /** Starts a network. @throws CodedError of ./errors.ts. */
  static async start(
    options: NetworkOptions = {},
    onFailed: (error: unknown) => void = (error) => {
      throw error;
    },
  ): Promise<DevelopmentNetwork> {
    const settings = networkSettings(options);
    const isTemporary = options.directory === undefined;
    const folder = resolve(options.directory ?? mkdtempSync(join(tmpdir(), 'medrex-devnet-')));
    makeFolder(folder);
    const lock = lockFolder(folder);
    try {
      return await DevelopmentNetwork.#open({ settings, folder, isTemporary, lock }, onFailed);
    } catch (error) {
      lock.release();
      if (isTemporary) rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  static async #open(
    place: Omit<NetworkParts, 'organisations'>,
    onFailed: (error: unknown) => void,
  ): Promise<DevelopmentNetwork> {
    const { settings, folder } = place;
    const organisations = await openOrganisations(folder, settings.organisations);
    const ports = portsOf(settings);
    const channel = await openChannel({
      directory: join(folder, 'blocks', settings.channel),
      config: {
        channel: settings.channel,
        limits: settings.limits,
        peerOrganisations: organisations.peers.map((organisation, at) => ({
          organisation,
          port: ports.peers[at] ?? 0,
        })),
        orderer: { organisation: organisations.orderer, port: ports.orderer },
      },
      organisations,
      chaincodes: settings.chaincodes,
    });
    const network = new DevelopmentNetwork({ ...place, organisations }, channel, onFailed);
    try {
      await network.#listen();
    } catch (error) {
      await network.#shut();
      throw error;
    }
    return network;
  }

  private constructor(parts: NetworkParts, channel: Channel, onFailed: (error: unknown) => void) {
    const { settings, organisations, folder } = parts;
    const { ledger } = channel;
    this.#parts = parts;
    this.#shared = channel;
    this.#onFailed = onFailed;
    this.folder = folder;
    this.channel = settings.channel;
    this.#ordererHeight = new Height(ledger.height);
    this.peers = organisations.peers.map(
      (organisation) =>
        new NetworkPeer({
          organisation,
          chaincodes: settings.chaincodes,
          batches: settings.fabric === '3.1' ? { maxSize: batchMessageMax } : undefined,
          height: ledger.height,
          view: ledger.view(),
          lagMs: settings.lagMs[organisation.mspId] ?? 0,
        }),
    );
    this.#ordering = new Ordering({
      limits: settings.limits,
      ledger,
      signer: channel.ordererIdentity,
      onCommitted: (height) => this.#onCommitted(height),
      onFailed: (error) => this.#onFailed(error),
    });
  }

  /** Cuts a block of the pending envelopes without waiting for the batch timeout. */
  cut(): void {
    this.#ordering.cut();
  }

  /** Path of the connection profile. */
  get profile(): string {
    return this.#profile;
  }

  /** Block height of the orderer. */
  get height(): number {
    return this.#ordererHeight.value;
  }

  get nodes(): readonly NodeAddress[] {
    const { peers, orderer } = this.#parts.organisations;
    return [...peers, orderer].map(({ node, mspId }) => ({ name: node.name, mspId, address: this.#addressOf(mspId) }));
  }

  /** The peer of an organisation. */
  peer(mspId: string): NetworkPeer {
    const found = this.peers.find((peer) => peer.mspId === mspId);
    if (found === undefined) throw new Error(`the network has no organisation ${mspId}`);
    return found;
  }

  /** Connects every peer to every chaincode; resolves with the names of the unreachable ones. */
  async missingChaincodes(): Promise<readonly string[]> {
    const { chaincodes } = this.#parts.settings;
    const reached = await Promise.all(chaincodes.map(({ name }) => this.#reaches(name)));
    return chaincodes.filter((_, at) => reached[at] !== true).map(({ name }) => name);
  }

  /** Orders the accepted envelopes, ends streams, frees the ports, and removes a temporary folder. */
  async close(): Promise<void> {
    await this.#shut();
    this.#parts.lock.release();
    if (this.#parts.isTemporary) rmSync(this.folder, { recursive: true, force: true });
  }

  async #shut(): Promise<void> {
    await this.#ordering.close();
    await Promise.all([...this.#servers.values()].map((server) => server.close(graceMs)));
    for (const peer of this.peers) peer.close();
    await this.#shared.ledger.close();
  }

  async #reaches(chaincode: string): Promise<boolean> {
    const dialled = await Promise.allSettled(this.peers.map(async (peer) => peer.link(chaincode)?.connect()));
    return dialled.every(({ status }) => status === 'fulfilled');
  }

  #onCommitted(height: number): void {
    const view = this.#shared.ledger.view();
    this.#ordererHeight.rise(height);
    for (const peer of this.peers) peer.receive(height, view);
  }

  async #listen(): Promise<void> {
    const { organisations, settings, folder } = this.#parts;
    const ports = portsOf(settings);
    const filter = new BroadcastFilter({
      channel: this.channel,
      register: this.#shared.register,
      ordering: this.#ordering,
    });
    const servers = [...this.#peerServers(filter), [organisations.orderer, this.#ordererServer(filter)] as const];
    for (const [at, [{ mspId, node }, server]] of servers.entries()) {
      await server.listen(settings.host, [...ports.peers, ports.orderer][at] ?? 0, node.tls);
      this.#servers.set(mspId, server);
    }
    this.#profile = writeConnectionProfile({
      folder,
      channel: this.channel,
      organisations,
      peerPorts: organisations.peers.map(({ mspId }) => this.#servers.get(mspId)?.port ?? 0),
      ordererPort: this.#servers.get(organisations.orderer.mspId)?.port ?? 0,
    });
  }

  #peerServers(filter: BroadcastFilter) {
    const { organisations, settings } = this.#parts;
    const { ledger, register } = this.#shared;
    const system = new SystemChaincodes(this.channel, ledger);
    const { executeTimeoutMs } = settings;
    const endorsers = this.peers.map(
      (peer) => new Endorser({ channel: this.channel, peer, ledger, register, system, executeTimeoutMs }),
    );
    return endorsers.map((local, at) => {
      const server = new NodeServer();
      const chain = {
        channel: this.channel,
        register,
        height: local.peer.height,
        block: (n: number) => ledger.block(n),
      };
      const addressOf = (mspId: string): string => this.#addressOf(mspId);
      addPeerServices(server, chain, { channel: this.channel, local, endorsers, addressOf, ledger, register, filter });
      return [organisations.peers[at] ?? organisations.orderer, server] as const;
    });
  }

  #ordererServer(filter: BroadcastFilter): NodeServer {
    const { ledger, register } = this.#shared;
    const block = async (number: number) => orderedBlock(await ledger.block(number));
    const chain = { channel: this.channel, register, height: this.#ordererHeight, block };
    const server = new NodeServer();
    server.add(ordererMessages.AtomicBroadcastService, {
      broadcast: broadcastHandler(filter),
      deliver: deliverHandler(chain, ordererResponses),
    });
    return server;
  }

  #addressOf(mspId: string): string {
    return `${this.#parts.settings.host}:${this.#servers.get(mspId)?.port ?? 0}`;
  }
}

/** Consecutive ports from the requested one; 0 lets the system choose each. */
function portsOf({ port, organisations }: NetworkSettings): {
  readonly peers: readonly number[];
  readonly orderer: number;
} {
  const at = (number: number): number => (port === 0 ? 0 : port + number);
  return { peers: Array.from({ length: organisations }, (_, number) => at(number)), orderer: at(organisations) };
}
