import { common } from '@hyperledger/fabric-protos';
import { describe, expect, it } from '@jest/globals';
import type { PeerBlocks } from '../blocks/peer-blocks.ts';
import type { TargetAddress } from '../profile/connection-profile.ts';
import type { PeerLink } from './peer-link.ts';
import { PinnedPeers, type BlockHooks } from './pinned-peers.ts';

/** Peers whose height and silence a test controls. */
class FakePeers {
  readonly hooks = new Map<string, BlockHooks>();
  readonly heights = new Map<string, number>();
  readonly silent = new Map<string, number>();
  readonly pinned: string[] = [];
  nowMs = 0;
  readonly peers: PinnedPeers;

  constructor(organisations: Readonly<Record<string, readonly string[]>>) {
    this.peers = new PinnedPeers({
      organisations: Object.entries(organisations).map(([mspId, names]) => ({ mspId, peers: names.map(target) })),
      connect: ({ name }, organisation) => this.#link(name, organisation),
      follow: (link, hooks) => this.#blocks(link, hooks),
      onBlock: () => undefined,
      onHeight: () => undefined,
      onBroken: () => undefined,
      onPinned: ({ from, to, why }) => void this.pinned.push(`${from} ${why}: ${to}`),
      limitMs: 5_000,
      nowMs: () => this.nowMs,
    });
  }

  /** A peer commits up to a height. */
  reach(name: string, height: number): void {
    this.heights.set(name, height);
    this.hooks.get(name)?.onBlock(new common.Block());
  }

  lookAt(nowMs: number): void {
    this.nowMs = nowMs;
    this.peers.look();
  }

  get open(): string[] {
    return [...this.hooks.keys()].sort();
  }

  #link(name: string, organisation: string): PeerLink {
    const silent = (): number => this.silent.get(name) ?? 0;
    const link = { name, organisation, close: () => undefined };
    return Object.defineProperty(link, 'silentForMs', { get: silent }) as unknown as PeerLink;
  }

  #blocks(link: PeerLink, hooks: BlockHooks): PeerBlocks {
    this.hooks.set(link.name, hooks);
    const blocks = { link, close: () => void this.hooks.delete(link.name) };
    return Object.defineProperty(blocks, 'height', { get: () => this.heights.get(link.name) }) as unknown as PeerBlocks;
  }
}

const target = (name: string): TargetAddress => ({ name, address: name, trusted: undefined, hostname: undefined });
const names = ({ peers }: FakePeers): string[] => peers.links.map(({ name }) => name);

describe('PinnedPeers', () => {
  const two = () => new FakePeers({ Org1MSP: ['a0', 'a1', 'a2'], Org2MSP: ['b0'] });

  it('pins the first peer of each organisation, and has no height until each has reported one', () => {
    const fake = two();
    expect(names(fake)).toEqual(['a0', 'b0']);
    fake.reach('a0', 10);
    expect(fake.peers.height).toBeUndefined();
    fake.reach('b0', 8);
    expect(fake.peers.height).toBe(8);
    expect(fake.peers.linksAt(9).map(({ name }) => name)).toEqual(['a0']);
  });

  it('replaces a peer that is behind by a reserve, once the reserve has every released block', () => {
    const fake = two();
    fake.reach('a0', 10);
    fake.reach('b0', 10);
    expect(fake.peers.height).toBe(10);
    fake.reach('b0', 12);
    fake.lookAt(1_000);
    fake.lookAt(6_000);
    expect([names(fake), fake.open]).toEqual([
      ['a0', 'b0'],
      ['a0', 'a1', 'b0'],
    ]);
    fake.reach('a1', 9);
    fake.lookAt(6_100);
    expect(names(fake)).toEqual(['a0', 'b0']);
    fake.reach('a1', 10);
    fake.lookAt(6_200);
    expect([names(fake), fake.pinned, fake.open]).toEqual([['a1', 'b0'], ['a0 behind: a1'], ['a1', 'b0']]);
    expect(fake.peers.height).toBe(10);
  });

  it('tries the next reserve when one fails, and the first again after the last', () => {
    const fake = two();
    fake.reach('a0', 10);
    fake.reach('b0', 10);
    expect(fake.peers.height).toBe(10);
    fake.silent.set('a0', 5_000);
    fake.lookAt(1_000);
    expect(fake.open).toEqual(['a0', 'a1', 'b0']);
    fake.lookAt(6_000);
    expect(fake.open).toEqual(['a0', 'a2', 'b0']);
    fake.lookAt(11_000);
    expect(fake.open).toEqual(['a0', 'a1', 'b0']);
  });

  it('keeps a peer that has recovered, and drops its successor', () => {
    const fake = two();
    fake.reach('a0', 10);
    fake.reach('b0', 10);
    fake.silent.set('a0', 5_000);
    fake.lookAt(1_000);
    fake.silent.delete('a0');
    fake.lookAt(1_250);
    expect([names(fake), fake.open, fake.pinned]).toEqual([['a0', 'b0'], ['a0', 'b0'], []]);
  });

  it('waits for a peer without a reserve', () => {
    const fake = two();
    fake.reach('a0', 10);
    fake.reach('b0', 10);
    fake.silent.set('b0', 60_000);
    fake.lookAt(1_000);
    expect([names(fake), fake.open]).toEqual([
      ['a0', 'b0'],
      ['a0', 'b0'],
    ]);
  });

  it('never decreases a released height', () => {
    const fake = two();
    fake.reach('a0', 10);
    fake.reach('b0', 10);
    expect(fake.peers.height).toBe(10);
    fake.reach('b0', 4);
    expect(fake.peers.height).toBe(10);
  });
});
