import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { common, peer } from '@hyperledger/fabric-protos';
import type { BlockCutterLimits } from '@medrex/ledger';
import { connectTarget } from '../grpc/connect-target.ts';
import { Gate } from '../grpc/gate.ts';
import { PeerLink } from '../endorse/peer-link.ts';
import { FabricLedger } from '../fabric-ledger.ts';
import { fabricIdentity, transactionIdOf, type FabricIdentity } from '../identity/fabric-identity.ts';
import { clientTls } from '../profile/client-tls.ts';
import { readChannelProfile, type ChannelProfile, type KeyFiles } from '../profile/connection-profile.ts';
import { OrdererStream } from '../submit/orderer-stream.ts';
import { proposalMessage } from '../wire/proposal-message.ts';
import type { ChaincodePackage } from './chaincode-package.ts';
import { cutterUpdate } from './channel-update.ts';
import { NetworkFiles } from './network-files.ts';

const { lifecycle } = peer;
const lifecycleChaincode = '_lifecycle';

/** Installs and commits chaincodes on a real network, and changes its block limits. For tests. */
export class NetworkAdmin {
  readonly channel: string;
  /** Organisations whose peers are pinned by the network's profile, the client's first. */
  readonly organisations: readonly string[];
  readonly #files: NetworkFiles;
  readonly #folder: string;
  readonly #ledgers = new Map<string, FabricLedger>();

  private constructor(files: NetworkFiles, channel: string, folder: string) {
    this.#files = files;
    this.channel = channel;
    this.#folder = folder;
    const { client, organizations, channels } = files.profile;
    const pinned = Object.keys(channels[channel]?.peers ?? {});
    this.organisations = Object.keys(organizations)
      .filter((name) => organizations[name]?.peers.some((member) => pinned.includes(member)))
      .sort((a, b) => Number(b === client.organization) - Number(a === client.organization));
  }

  static async open(profile: string, channel?: string): Promise<NetworkAdmin> {
    const files = new NetworkFiles(profile);
    const [first = ''] = Object.keys(files.profile.channels);
    return new NetworkAdmin(files, channel ?? first, await mkdtemp(join(tmpdir(), 'fabric-admin-')));
  }

  /** Installs a package on every peer of the channel, unless it is installed. */
  async install({ bytes }: ChaincodePackage): Promise<void> {
    for (const organisation of this.organisations) {
      const file = await this.#profile(organisation, [organisation]);
      const profile = await readChannelProfile(file, this.channel);
      const identity = await identityOf(profile.mspId, this.#files.administrator(organisation));
      await installOn(profile, identity, bytes);
    }
  }

  /** Approves a definition for each organisation and commits it with the given sequence. */
  async commit(definition: { name: string; packageId: string; version?: string; sequence?: number }): Promise<void> {
    const { name, packageId, version = '1', sequence = 1 } = definition;
    const local = new lifecycle.ChaincodeSource.Local();
    local.setPackageId(packageId);
    const source = new lifecycle.ChaincodeSource();
    source.setLocalPackage(local);
    const approval = new lifecycle.ApproveChaincodeDefinitionForMyOrgArgs();
    const commitment = new lifecycle.CommitChaincodeDefinitionArgs();
    for (const args of [approval, commitment]) {
      args.setName(name);
      args.setVersion(version);
      args.setSequence(sequence);
    }
    approval.setSource(source);
    await Promise.all(
      this.organisations.map((organisation) =>
        this.#invoke(organisation, [organisation], 'ApproveChaincodeDefinitionForMyOrg', approval.serializeBinary()),
      ),
    );
    const [first = ''] = this.organisations;
    await this.#invoke(first, this.organisations, 'CommitChaincodeDefinition', commitment.serializeBinary());
  }

  /** Changes the channel's configuration, and waits until every pinned peer has it. */
  async cutBlocksBy(limits: BlockCutterLimits): Promise<void> {
    const ledger = await this.#ledger(this.organisations[0] ?? '', this.organisations);
    const config = await channelConfig(ledger);
    const { envelope } = cutterUpdate(config, limits, {
      channel: this.channel,
      identity: await this.#orderers(config),
    });
    const profile = await readChannelProfile(
      await this.#profile(this.organisations[0] ?? '', this.organisations),
      this.channel,
    );
    const [target] = profile.orderers;
    if (target === undefined) throw new Error('the profile names no orderer');
    const before = await ledger.height();
    const orderer = new OrdererStream({
      name: target.name,
      client: connectTarget(target, await clientTls(profile)),
      ackMs: 10_000,
    });
    await orderer.send(envelope, 'configuration');
    while ((await ledger.height()) <= before) await new Promise((resolve) => setTimeout(resolve, 5));
    orderer.close();
  }

  async close(): Promise<void> {
    for (const ledger of this.#ledgers.values()) await ledger.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #invoke(organisation: string, pinned: readonly string[], fn: string, args: Uint8Array): Promise<void> {
    const ledger = await this.#ledger(organisation, pinned);
    const nonce = randomBytes(24);
    const txId = ledger.transactionId(nonce);
    const names = { channel: this.channel, chaincode: lifecycleChaincode, creator: ledger.mspId };
    const endorsement = await ledger.endorse({ ...names, fn, args: [args], nonce, txId });
    const from = await ledger.height();
    const code = new Promise<string>((resolve) => {
      const following = ledger.follow(from, ({ transactions }) => {
        const seen = transactions.find((transaction) => transaction.txId === txId);
        if (seen === undefined) return;
        resolve(seen.code);
        void following.close();
      });
    });
    await ledger.submit(endorsement);
    if ((await code) !== 'VALID') throw new Error(`${fn} of ${organisation}: ${await code}`);
  }

  async #ledger(organisation: string, pinned: readonly string[]): Promise<FabricLedger> {
    const name = [organisation, ...pinned].join(' ');
    const known = this.#ledgers.get(name);
    if (known !== undefined) return known;
    const profile = await this.#profile(organisation, pinned);
    const identity = this.#files.administrator(organisation);
    const ledger = await FabricLedger.open({ profile, channel: this.channel, identity });
    this.#ledgers.set(name, ledger);
    return ledger;
  }

  async #profile(organisation: string, pinned: readonly string[]): Promise<string> {
    const file = join(this.#folder, `${[organisation, ...pinned].join('-')}.json`);
    await writeFile(file, JSON.stringify(this.#files.profileOf(organisation, pinned)));
    return file;
  }

  #orderers(config: common.Config): Promise<FabricIdentity> {
    const [mspId = 'OrdererMSP'] = ordererOrganisations(config);
    return identityOf(mspId, this.#files.ordererAdministrator());
  }
}

async function identityOf(mspId: string, files: KeyFiles): Promise<FabricIdentity> {
  const [certificate, privateKey] = await Promise.all([readFile(files.certificate), readFile(files.privateKey)]);
  return fabricIdentity(mspId, { certificate, privateKey });
}

async function channelConfig(ledger: FabricLedger): Promise<common.Config> {
  const nonce = randomBytes(24);
  const { payload } = await ledger.evaluate({
    channel: ledger.channel,
    chaincode: 'cscc',
    fn: 'GetChannelConfig',
    args: [Buffer.from(ledger.channel)],
    nonce,
    txId: ledger.transactionId(nonce),
    creator: ledger.mspId,
  });
  return common.Config.deserializeBinary(payload);
}

/** MSP ids of the ordering organisations. */
function ordererOrganisations(config: common.Config): string[] {
  const group = config.getChannelGroup()?.getGroupsMap().get('Orderer');
  const ids: string[] = [];
  group?.getGroupsMap().forEach((organisation) => {
    // MSPConfig { type, config: FabricMSPConfig { name } }: both names are the first text field of their message.
    const bytes = Buffer.from(organisation.getValuesMap().get('MSP')?.getValue_asU8() ?? []);
    const [, id] = /([A-Za-z0-9.-]*MSP[A-Za-z0-9.-]*)/.exec(bytes.toString('latin1')) ?? [];
    if (id !== undefined) ids.push(id);
  });
  return ids;
}

async function installOn(profile: ChannelProfile, identity: FabricIdentity, bytes: Uint8Array): Promise<void> {
  const args = new lifecycle.InstallChaincodeArgs();
  args.setChaincodeInstallPackage(bytes);
  const tls = await clientTls(profile);
  for (const target of profile.organisations.flatMap(({ peers }) => peers)) {
    const nonce = randomBytes(24);
    const proposal = {
      channel: '',
      chaincode: lifecycleChaincode,
      fn: 'InstallChaincode',
      args: [args.serializeBinary()],
    };
    const txId = transactionIdOf(nonce, identity);
    const { signed } = proposalMessage({ ...proposal, txId }, { nonce, identity, nowMs: Date.now() });
    const gate = new Gate('install', { limit: 1, waitingMax: 1 });
    const client = connectTarget(target, tls);
    const link = new PeerLink({
      name: target.name,
      organisation: identity.mspId,
      client,
      gate,
      deadlineMs: 30_000,
      nowMs: Date.now,
    });
    const answer = await link.propose(signed, 'install');
    link.close();
    const { status = 0, message = '' } = answer.getResponse()?.toObject() ?? {};
    if (status !== 200 && !message.includes('already successfully installed'))
      throw new Error(`${target.name}: ${message}`);
  }
}
