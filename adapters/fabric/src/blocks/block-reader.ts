import type { common } from '@hyperledger/fabric-protos';
import { CodedError, isCodedError } from '@medrex/coded-error';
import { ledgerErrors, type Block } from '@medrex/ledger';
import type { PeerLink } from '../endorse/peer-link.ts';
import { blockOf } from '../wire/block-message.ts';
import type { BlockRange } from '../wire/seek-message.ts';
import { deliverBlocks } from './deliver-call.ts';
import type { RecentBlocks } from './recent-blocks.ts';

/** What a BlockReader needs. */
export interface BlockReaderParts {
  readonly channel: string;
  readonly recent: RecentBlocks;
  /** The pinned peers that hold everything below a height. */
  readonly peersAt: (height: number) => readonly PeerLink[];
  readonly seek: (range: BlockRange) => Uint8Array;
  readonly height: () => number;
  readonly deadlineMs: number;
}

/** Blocks fetched at once by who reads far behind. */
const pageBlocks = 32;

/** Any block of the channel: from memory, or from a pinned peer, which is asked for a page at a time. */
export class BlockReader {
  readonly #parts: BlockReaderParts;
  #page = new Map<number, common.Block>();
  #decoded: Block | undefined;

  constructor(parts: BlockReaderParts) {
    this.#parts = parts;
  }

  /** @throws CodedError BLOCK_PRUNED, LEDGER_UNAVAILABLE */
  async block(number: number): Promise<Block> {
    if (this.#decoded?.number === number) return this.#decoded;
    const message = this.#parts.recent.get(number) ?? this.#page.get(number) ?? (await this.#fetch(number));
    this.#decoded = blockOf(this.#parts.channel, message);
    return this.#decoded;
  }

  async #fetch(number: number): Promise<common.Block> {
    let failure: unknown;
    for (const link of this.#parts.peersAt(number + 1)) {
      try {
        this.#page = await this.#fetchPage(link, number);
        const found = this.#page.get(number);
        if (found !== undefined) return found;
      } catch (error) {
        failure = isCodedError(failure, 'BLOCK_PRUNED') ? failure : error;
      }
    }
    if (isCodedError(failure)) throw failure;
    const message = `channel ${this.#parts.channel}: no pinned peer gives block ${number}`;
    throw new CodedError(ledgerErrors.ledgerUnavailable, message, { cause: failure });
  }

  #fetchPage(link: PeerLink, from: number): Promise<Map<number, common.Block>> {
    const { seek, height, deadlineMs } = this.#parts;
    const to = Math.min(from + pageBlocks, height()) - 1;
    const page = new Map<number, common.Block>();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        cancel();
        reject(new CodedError(ledgerErrors.ledgerUnavailable, `${link.name}: block ${from} did not come in time`));
      }, deadlineMs);
      const cancel = deliverBlocks(
        link.client,
        { name: link.name, seek: seek({ from, to }) },
        {
          onBlock: (block) => void page.set(block.getHeader()?.getNumber() ?? 0, block),
          onEnd: (error) => {
            clearTimeout(timer);
            if (error === undefined || page.size > 0) resolve(page);
            else reject(error);
          },
        },
      );
    });
  }
}
