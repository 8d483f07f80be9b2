import type { common } from '@hyperledger/fabric-protos';
import { CodedError, isCodedError } from '@medrex/coded-error';
import { ledgerErrors, type Block } from '@medrex/ledger';
import type { PeerLink } from '../endorse/peer-link.ts';
import { blockOf } from '../wire/block-message.ts';
import type { BlockRange } from '../wire/seek-message.ts';
import { deliverBlocks } from './deliver-call.ts';
import { sizeOf, type RecentBlocks } from './recent-blocks.ts';

/** What a BlockReader needs. */
export interface BlockReaderParts {
  readonly channel: string;
  readonly recent: RecentBlocks;
  /** The pinned peers that have all blocks below a height. */
  readonly peersAt: (height: number) => readonly PeerLink[];
  readonly seek: (range: BlockRange) => Uint8Array;
  readonly height: () => number;
  readonly deadlineMs: number;
  readonly nowMs: () => number;
}

/** Maximum blocks per request of a reader that is far behind, and maximum bytes after which the request ends. */
const pageBlocks = 32;
const pageBytes = 32 << 20;
const againMs = 100;

/** Reads any block of the channel: from memory, or from a pinned peer, a page at a time. */
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

  /** The connection may break within a page; then the request is repeated for a while. */
  async #fetch(number: number): Promise<common.Block> {
    const { nowMs, deadlineMs } = this.#parts;
    for (const giveUpMs = nowMs() + deadlineMs; ;) {
      try {
        return await this.#fetchOnce(number);
      } catch (error) {
        if (!isCodedError(error) || !error.retryable || nowMs() >= giveUpMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, againMs));
      }
    }
  }

  async #fetchOnce(number: number): Promise<common.Block> {
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
    let bytes = 0;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        cancel();
        reject(new CodedError(ledgerErrors.ledgerUnavailable, `${link.name}: block ${from} did not come in time`));
      }, deadlineMs);
      const cancel = deliverBlocks(
        link.client,
        { name: link.name, seek: seek({ from, to }) },
        {
          onBlock: (block) => {
            page.set(block.getHeader()?.getNumber() ?? 0, block);
            bytes += sizeOf(block);
            if (bytes < pageBytes) return;
            clearTimeout(timer);
            cancel();
            resolve(page);
          },
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
