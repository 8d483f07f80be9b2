import { readFileSync } from 'node:fs';
import { common, peer } from '@hyperledger/fabric-protos';

/** Bytes recorded from real peers: blocks and answers by case. */
export interface Golden {
  readonly fabric: string;
  /** Prefix of the recording's keys. */
  readonly tag: string;
  readonly block: (name: string) => common.Block;
  readonly answer: (name: string) => peer.ProposalResponse;
}

/** The recordings, one for each version of Fabric. */
export function recordings(): readonly Golden[] {
  return ['2.5.16', '3.1.5'].map((version) => {
    const file = new URL(`golden/fabric-${version}.json`, import.meta.url);
    const { fabric, tag, blocks, answers } = JSON.parse(readFileSync(file, 'utf8')) as Recorded;
    const bytes = (kept: Readonly<Record<string, string>>, name: string): Uint8Array => {
      const found = kept[name];
      if (found === undefined) throw new Error(`nothing is recorded as ${name}`);
      return Buffer.from(found, 'base64');
    };
    return {
      fabric,
      tag,
      block: (name) => common.Block.deserializeBinary(bytes(blocks, name)),
      answer: (name) => peer.ProposalResponse.deserializeBinary(bytes(answers, name)),
    };
  });
}

interface Recorded {
  readonly fabric: string;
  readonly tag: string;
  readonly blocks: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, string>>;
}
