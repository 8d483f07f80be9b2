import { randomBytes } from 'node:crypto';
import { CodedError } from '@medrex/coded-error';
import {
  BlockFeed,
  ledgerErrors,
  type Block,
  type BlockCutterLimits,
  type BlockStream,
  type BlockSubscription,
  type ChaincodeResponse,
  type Endorsement,
  type FoundTransaction,
  type Ledger,
  type Proposal,
} from '@medrex/ledger';
import { BlockReader } from './blocks/block-reader.ts';
import { foundTransaction } from './blocks/find-transaction.ts';
import { PeerBlocks } from './blocks/peer-blocks.ts';
import { RecentBlocks } from './blocks/recent-blocks.ts';
import { endorseProposal, type FabricEndorsement } from './endorse/endorse-proposal.ts';
import { evaluated } from './endorse/peer-answer.ts';
import { PeerLink } from './endorse/peer-link.ts';
import { PinnedPeers } from './endorse/pinned-peers.ts';
import { fabricErrors } from './errors.ts';
import { fabricPools, fabricSettings, type FabricLedgerOptions, type FabricSettings } from './fabric-options.ts';
import { connectTarget, tlsCertificateHash, type ClientTls } from './grpc/connect-target.ts';
import { Gate, type GateStatus } from './grpc/gate.ts';
import { transactionIdOf, type FabricIdentity } from './identity/fabric-identity.ts';
import { IdentityFiles } from './identity/identity-files.ts';
import { clientTls } from './profile/client-tls.ts';
import { readChannelProfile, type ChannelProfile } from './profile/connection-profile.ts';
import { gatewaySubmit } from './submit/gateway-submit.ts';
import { OrdererStream } from './submit/orderer-stream.ts';
import { Submitter } from './submit/submitter.ts';
import { cutterLimitsOf } from './wire/channel-config.ts';
import { proposalMessage, type ProposalMessage } from './wire/proposal-message.ts';
import { seekEnvelope, type BlockRange } from './wire/seek-message.ts';

/** The state of a Fabric ledger, for metrics. */
export interface FabricStatus {
  readonly pools: Readonly<Record<(typeof fabricPools)[number], GateStatus>>;
  readonly peers: ReturnType<PinnedPeers['heights']>;
  readonly identityDaysLeft: number;
}

/**
 * A channel of a real Fabric network, 2.5 or 3.x. One peer of each required organisation is pinned: every proposal goes
 * to all of them, and a block counts when all of them have it.
 */
export class FabricLedger implements Ledger, BlockStream {
  readonly channel: string;
  readonly label: string;
  /** The client's MSP id. */
  readonly mspId: string;
  readonly #settings: FabricSettings;
  readonly #identity: IdentityFiles;
  readonly #peers: PinnedPeers;
  readonly #submitter: Submitter;
  readonly #feed: BlockFeed;
  readonly #gates: Readonly<Record<(typeof fabricPools)[number], Gate>>;
  readonly #watch: NodeJS.Timeout;
  /** Called for every broken connection; set by `fabricPool`. */
  onConnectionFailed: (() => void) | undefined;
  #waitingForHeight: (() => void)[] = [];
  #isClosed = false;

  private constructor(settings: FabricSettings, profile: ChannelProfile, identity: IdentityFiles, tls?: ClientTls) {
    this.channel = profile.channel;
    this.mspId = profile.mspId;
    this.label = profile.networkLabel ?? labelOf(settings.fabricVersion ?? profile.fabricVersion);
    this.#settings = settings;
    this.#identity = identity;
    const { gates } = settings;
    const gateOf = (name: (typeof fabricPools)[number]): Gate =>
      new Gate(`${name}s of ${profile.channel}`, gates[name]);
    this.#gates = { endorser: gateOf('endorser'), orderer: gateOf('orderer'), gateway: gateOf('gateway') };
    const seek = seekOf(profile.channel, identity, tls);
    const recent = new RecentBlocks(settings.recentBlocks);
    this.#peers = new PinnedPeers({
      organisations: profile.organisations,
      connect: (target, organisation) =>
        new PeerLink({
          name: target.name,
          organisation,
          client: connectTarget(target, tls),
          gate: this.#gates.endorser,
          deadlineMs: settings.endorseDeadlineMs,
          nowMs: Date.now,
        }),
      follow: (link, hooks) => new PeerBlocks({ link, seek, ...hooks }),
      onBlock: (block) => recent.add(block),
      onHeight: () => this.#onHeight(),
      onBroken: (link, error) => {
        this.onConnectionFailed?.();
        settings.observer.streamBroken?.(link.name, this.#explained(error));
      },
      onPinned: (change) => settings.observer.pinned?.(change),
      limitMs: settings.replaceAfterMs,
      nowMs: Date.now,
    });
    const reader = new BlockReader({
      channel: profile.channel,
      recent,
      seek,
      deadlineMs: settings.blockDeadlineMs,
      nowMs: Date.now,
      peersAt: (height) => this.#peers.linksAt(height),
      height: () => this.#peers.height ?? 0,
    });
    this.#feed = new BlockFeed({
      deliverable: () => (this.#isClosed ? 0 : (this.#peers.height ?? 0)),
      block: (number) => reader.block(number),
    });
    this.#submitter = this.#submitterOf(profile, tls);
    this.#watch = setInterval(() => this.#peers.look(), settings.lookEveryMs);
    this.#watch.unref();
  }

  /**
   * Connects to a channel by its connection profile. Calls wait for peers that do not answer yet.
   * @throws CodedError FABRIC_PROFILE_UNUSABLE, FABRIC_IDENTITY_UNUSABLE, FABRIC_IDENTITY_EXPIRED
   */
  static async open(options: FabricLedgerOptions): Promise<FabricLedger> {
    const settings = fabricSettings(options);
    const profile = await readChannelProfile(options.profile, options.channel);
    const files = options.identity ?? profile.identity;
    if (files === undefined) {
      throw new CodedError(fabricErrors.profileUnusable, `${options.profile}: no signedCert and adminPrivateKey`);
    }
    const { observer } = settings;
    const identity = await IdentityFiles.open(profile.mspId, files, {
      onReloaded: ({ validUntilMs }) => observer.identityReloaded?.(validUntilMs),
      onFailed: (error) => observer.identityFailed?.(error),
    });
    if (identity.daysLeft(Date.now()) < 0) throw ranOut(identity);
    identity.watch(settings.identityEveryMs);
    return new FabricLedger(settings, profile, identity, await clientTls(profile));
  }

  transactionId(nonce: Uint8Array): string {
    return transactionIdOf(nonce, this.#identity.current);
  }

  async endorse(proposal: Proposal): Promise<FabricEndorsement> {
    const { message, identity } = this.#message(proposal);
    return endorseProposal(proposal, message, { links: this.#peers.links, identity });
  }

  async evaluate(proposal: Proposal): Promise<ChaincodeResponse> {
    const { message } = this.#message(proposal);
    const [link] = this.#peers.links as readonly [PeerLink];
    const what = `tx ${proposal.txId}`;
    return evaluated(`${link.name}: ${what}`, await link.propose(message.signed, what));
  }

  async submit(endorsement: Endorsement): Promise<void> {
    this.#assertOpen();
    const { txId } = endorsement.proposal;
    if (!isFabricEndorsement(endorsement)) {
      throw new CodedError(ledgerErrors.ledgerClosed, `tx ${txId} was endorsed by another ledger`);
    }
    await this.#submitter.submit(endorsement.envelope, txId);
  }

  follow(
    from: number,
    onBlock: (block: Block) => void | Promise<void>,
    onError?: (error: unknown) => void,
  ): BlockSubscription {
    this.#assertOpen();
    return this.#feed.follow(from, onBlock, onError);
  }

  /** @throws CodedError LEDGER_UNAVAILABLE if not every pinned peer has reported a block in time */
  async height(): Promise<number> {
    this.#assertOpen();
    const known = this.#peers.height;
    if (known !== undefined) return known;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#settings.blockDeadlineMs);
      this.#waitingForHeight.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    const height = this.#peers.height;
    if (height !== undefined) return height;
    const silent = this.#peers.heights().filter((pinned) => pinned.height === undefined);
    const message = `channel ${this.channel}: ${silent.map(({ peer }) => peer).join(', ')} has shown no block`;
    throw new CodedError(ledgerErrors.ledgerUnavailable, message);
  }

  /** Asks the first pinned peer. @throws CodedError BLOCK_PRUNED, LEDGER_UNAVAILABLE */
  async find(txId: string): Promise<FoundTransaction | undefined> {
    return foundTransaction(this.channel, txId, await this.#ask('qscc', 'GetBlockByTxID', txId));
  }

  /** Block cutting limits in the channel's configuration; undefined if this client may not read it. */
  async cutterLimits(): Promise<Partial<BlockCutterLimits> | undefined> {
    const { status, payload } = await this.#ask('cscc', 'GetChannelConfig');
    return status === 200 ? cutterLimitsOf(payload) : undefined;
  }

  /** Sets the function that gets each call's waiting time; used by `fabricPool`. */
  onWaited(listener: (waitedMs: number) => void): void {
    for (const gate of Object.values(this.#gates)) gate.onWaited = listener;
  }

  status(): FabricStatus {
    const { endorser, orderer, gateway } = this.#gates;
    return {
      pools: { endorser: endorser.status, orderer: orderer.status, gateway: gateway.status },
      peers: this.#peers.heights(),
      identityDaysLeft: this.#identity.daysLeft(Date.now()),
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#watch);
    this.#identity.close();
    this.#submitter.close();
    this.#peers.close();
    for (const wake of this.#waitingForHeight.splice(0)) wake();
    await this.#feed.close();
  }

  /** Asks a system chaincode about this channel. */
  #ask(chaincode: string, fn: string, ...rest: readonly string[]): Promise<ChaincodeResponse> {
    const nonce = randomBytes(24);
    const args = [this.channel, ...rest].map((text) => Buffer.from(text));
    const proposal = { channel: this.channel, chaincode, fn, args, creator: this.mspId };
    return this.evaluate({ ...proposal, nonce, txId: this.transactionId(nonce) });
  }

  #submitterOf({ channel, orderers }: ChannelProfile, tls?: ClientTls): Submitter {
    const { ackDeadlineMs, isGatewayUsed } = this.#settings;
    return new Submitter({
      channel,
      gate: this.#gates.orderer,
      orderers: orderers.map(
        (target) => new OrdererStream({ name: target.name, client: connectTarget(target, tls), ackMs: ackDeadlineMs }),
      ),
      gateway: isGatewayUsed
        ? gatewaySubmit({
            channel,
            gate: this.#gates.gateway,
            deadlineMs: ackDeadlineMs,
            link: () => this.#peers.links[0],
            identity: () => this.#identity.current,
          })
        : undefined,
    });
  }

  #message(proposal: Proposal): { message: ProposalMessage; identity: FabricIdentity } {
    this.#assertOpen();
    const { nonce, txId, channel } = proposal;
    if (channel !== this.channel) {
      throw new CodedError(
        ledgerErrors.channelUnknown,
        `tx ${txId}: this ledger serves ${this.channel}, not ${channel}`,
      );
    }
    const identity = nonce === undefined ? undefined : this.#identity.named(nonce, txId);
    if (nonce === undefined || identity === undefined) {
      throw new CodedError(fabricErrors.nonceMissing, `tx ${txId}: the id is not made of its nonce and ${this.mspId}`);
    }
    return { message: proposalMessage(proposal, { nonce, identity, nowMs: Date.now() }), identity };
  }

  /** A peer that refuses a stream gives no reason. */
  #explained(error: CodedError): CodedError {
    const isOurs = error.code === fabricErrors.identityRefused.code && this.#identity.daysLeft(Date.now()) < 0;
    return isOurs ? ranOut(this.#identity, error) : error;
  }

  #onHeight(): void {
    if (this.#peers.height === undefined) return;
    for (const wake of this.#waitingForHeight.splice(0)) wake();
    this.#feed.wake();
  }

  #assertOpen(): void {
    if (this.#isClosed)
      throw new CodedError(ledgerErrors.ledgerClosed, `${this.label}: channel ${this.channel} was closed`);
  }
}

function isFabricEndorsement(endorsement: Endorsement): endorsement is FabricEndorsement {
  return 'envelope' in endorsement && endorsement.envelope instanceof Uint8Array;
}

function ranOut({ current: { mspId, validUntilMs } }: IdentityFiles, cause?: CodedError): CodedError {
  const when = new Date(validUntilMs).toISOString();
  return new CodedError(fabricErrors.identityExpired, `the certificate of the client of ${mspId} ran out at ${when}`, {
    cause,
  });
}

function labelOf(version: string | undefined): string {
  return version === undefined ? 'Hyperledger Fabric' : `Hyperledger Fabric ${version.replace(/^v/, '')}`;
}

function seekOf(channel: string, identity: IdentityFiles, tls?: ClientTls): (range: BlockRange) => Uint8Array {
  const tlsCertHash = tls === undefined ? undefined : tlsCertificateHash(tls);
  return (range) => seekEnvelope(range, { channel, identity: identity.current, nowMs: Date.now(), tlsCertHash });
}
