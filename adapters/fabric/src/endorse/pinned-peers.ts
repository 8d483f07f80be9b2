import type { common } from '@hyperledger/fabric-protos';
import type { CodedError } from '@medrex/coded-error';
import type { PeerBlocks } from '../blocks/peer-blocks.ts';
import type { EndorsingOrganisation, TargetAddress } from '../profile/connection-profile.ts';
import { LagWatch, type PinTrouble } from './lag-watch.ts';
import type { PeerLink } from './peer-link.ts';

/** What PinnedPeers needs and notifies. */
export interface PinnedPeersParts {
  readonly organisations: readonly EndorsingOrganisation[];
  readonly connect: (target: TargetAddress, organisation: string) => PeerLink;
  readonly follow: (link: PeerLink, hooks: BlockHooks) => PeerBlocks;
  readonly onBlock: (block: common.Block) => void;
  /** Called when the height common to all pinned peers may have grown. */
  readonly onHeight: () => void;
  readonly onBroken: (link: PeerLink, error: CodedError) => void;
  readonly onPinned: (change: { organisation: string; from: string; to: string; why: PinTrouble }) => void;
  /** Time without an answer, or behind the others, after which a peer is replaced: 5 s. */
  readonly limitMs: number;
  readonly nowMs: () => number;
}

/** Events of the block stream of one peer. */
export interface BlockHooks {
  readonly onBlock: (block: common.Block) => void;
  readonly onBroken: (link: PeerLink, error: CodedError) => void;
}

interface Pin {
  readonly organisation: string;
  readonly peers: readonly TargetAddress[];
  /** Index of the pinned peer in `peers`. */
  place: number;
  blocks: PeerBlocks;
  /** The peer that is to replace it, and since when it is being tried. */
  successor: { readonly place: number; readonly blocks: PeerBlocks; readonly sinceMs: number } | undefined;
}

/** Keeps one peer pinned for each required organisation, and replaces it if necessary. */
export class PinnedPeers {
  readonly #parts: PinnedPeersParts;
  readonly #pins: readonly Pin[];
  readonly #watch: LagWatch;
  #released = 0;

  constructor(parts: PinnedPeersParts) {
    this.#parts = parts;
    this.#watch = new LagWatch(parts.limitMs);
    this.#pins = parts.organisations.map(({ mspId, peers }) => {
      const [first] = peers as readonly [TargetAddress];
      return { organisation: mspId, peers, place: 0, blocks: this.#follow(first, mspId), successor: undefined };
    });
  }

  /** The pinned peers, in the order of the profile. */
  get links(): readonly PeerLink[] {
    return this.#pins.map(({ blocks }) => blocks.link);
  }

  /** Number of blocks that every pinned peer has committed; undefined until each has reported one. Never decreases. */
  get height(): number | undefined {
    const heights = this.#pins.map(({ blocks }) => blocks.height);
    if (heights.some((height) => height === undefined)) return this.#released === 0 ? undefined : this.#released;
    this.#released = Math.max(this.#released, Math.min(...(heights as number[])));
    return this.#released;
  }

  /** The pinned peers that have all blocks below a height. */
  linksAt(height: number): readonly PeerLink[] {
    return this.#pins.filter(({ blocks }) => (blocks.height ?? 0) >= height).map(({ blocks }) => blocks.link);
  }

  /** Heights of the pinned peers by organisation, for the metrics. */
  heights(): readonly { readonly organisation: string; readonly peer: string; readonly height: number | undefined }[] {
    return this.#pins.map(({ organisation, blocks }) => ({
      organisation,
      peer: blocks.link.name,
      height: blocks.height,
    }));
  }

  /** Checks which peers to replace, and by which; called a few times a second. */
  look(): void {
    const nowMs = this.#parts.nowMs();
    const states = this.#pins.map(({ blocks }) => ({ height: blocks.height, silentForMs: blocks.link.silentForMs }));
    const verdicts = this.#watch.check(states, nowMs);
    this.#pins.forEach((pin, at) => {
      const why = verdicts[at];
      if (why === undefined) this.#keep(pin);
      else if (pin.peers.length > 1) this.#replace(pin, why, nowMs);
    });
  }

  close(): void {
    for (const { blocks, successor } of this.#pins) {
      for (const open of [blocks, successor?.blocks]) this.#drop(open);
    }
  }

  /** The pinned peer has recovered: no other peer takes over. */
  #keep(pin: Pin): void {
    this.#drop(pin.successor?.blocks);
    pin.successor = undefined;
  }

  /** A peer is pinned once it is at the highest height already released, so no successor operation is endorsed on older state. */
  #replace(pin: Pin, why: PinTrouble, nowMs: number): void {
    const { successor } = pin;
    if (successor === undefined) return this.#try(pin, pin.place + 1, nowMs);
    const { height } = successor.blocks;
    if (height === undefined || height < this.#released) {
      if (nowMs - successor.sinceMs < this.#parts.limitMs) return;
      this.#drop(successor.blocks);
      return this.#try(pin, successor.place + 1, nowMs);
    }
    const from = pin.blocks;
    pin.place = successor.place;
    pin.blocks = successor.blocks;
    pin.successor = undefined;
    this.#drop(from);
    this.#parts.onPinned({ organisation: pin.organisation, from: from.link.name, to: pin.blocks.link.name, why });
    this.#parts.onHeight();
  }

  #try(pin: Pin, from: number, sinceMs: number): void {
    let place = from % pin.peers.length;
    if (place === pin.place) place = (place + 1) % pin.peers.length;
    const target = pin.peers[place];
    if (target !== undefined) pin.successor = { place, blocks: this.#follow(target, pin.organisation), sinceMs };
  }

  #follow(target: TargetAddress, organisation: string): PeerBlocks {
    const { connect, follow, onBlock, onHeight, onBroken } = this.#parts;
    return follow(connect(target, organisation), {
      onBlock: (block) => {
        onBlock(block);
        onHeight();
      },
      onBroken,
    });
  }

  #drop(blocks: PeerBlocks | undefined): void {
    blocks?.close();
    blocks?.link.close();
  }
}
