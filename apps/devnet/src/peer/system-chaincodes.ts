import { common, peer } from '@hyperledger/fabric-protos';
import { headerHash } from '../block/block-header.ts';
import { codesOf, envelopesOf } from '../block/block.ts';
import { responseOf } from '../block/proposal-response.ts';
import type { ChannelLedger, TransactionPlace } from './channel-ledger.ts';
import type { NetworkPeer } from './network-peer.ts';

type Query = (peer: NetworkPeer, args: readonly Uint8Array[]) => Promise<Uint8Array>;

/** Queries of Fabric's system chaincodes: the chain (`qscc`) and the channels (`cscc`). */
export class SystemChaincodes {
  readonly #channel: string;
  readonly #ledger: ChannelLedger;
  readonly #queries: ReadonlyMap<string, ReadonlyMap<string, Query>>;

  constructor(channel: string, ledger: ChannelLedger) {
    this.#channel = channel;
    this.#ledger = ledger;
    this.#queries = new Map([
      [
        'qscc',
        new Map<string, Query>([
          ['GetChainInfo', (at) => this.#chainInfo(at)],
          [
            'GetBlockByNumber',
            async (at, [, number]) => (await this.#block(at, Number(text(number)))).serializeBinary(),
          ],
          [
            'GetBlockByTxID',
            async (at, [, txId]) => (await this.#block(at, this.#place(at, text(txId)).blockNum)).serializeBinary(),
          ],
          ['GetTransactionByID', (at, [, txId]) => this.#transaction(at, text(txId))],
        ]),
      ],
      ['cscc', new Map<string, Query>([['GetChannels', async () => this.#channels()]])],
    ]);
  }

  has(name: string): boolean {
    return this.#queries.has(name);
  }

  async invoke(at: NetworkPeer, name: string, input: peer.ChaincodeInput): Promise<peer.Response> {
    const [fn, ...args] = input.getArgsList_asU8();
    const query = this.#queries.get(name)?.get(text(fn));
    if (query === undefined) return responseOf(500, `Requested function ${text(fn)} not found.`);
    try {
      return responseOf(200, '', await query(at, args));
    } catch (error) {
      return responseOf(500, error instanceof Error ? error.message : String(error));
    }
  }

  async #chainInfo({ height }: NetworkPeer): Promise<Uint8Array> {
    const header = (await this.#ledger.block(height.value - 1)).getHeader();
    const info = new common.BlockchainInfo();
    info.setHeight(height.value);
    if (header !== undefined) {
      info.setCurrentblockhash(headerHash(header));
      info.setPreviousblockhash(header.getPreviousHash_asU8());
    }
    return info.serializeBinary();
  }

  async #block({ height }: NetworkPeer, number: number): Promise<common.Block> {
    if (number < height.value) return this.#ledger.block(number);
    throw new Error(`Failed to get block number ${number}, error no such block number [${number}] in index`);
  }

  #place({ height }: NetworkPeer, txId: string): TransactionPlace {
    const place = this.#ledger.place(txId);
    if (place !== undefined && place.blockNum < height.value) return place;
    throw new Error(`Failed to get transaction with id ${txId}, error no such transaction ID [${txId}] in index`);
  }

  async #transaction(at: NetworkPeer, txId: string): Promise<Uint8Array> {
    const { blockNum, txNum } = this.#place(at, txId);
    const block = await this.#block(at, blockNum);
    const processed = new peer.ProcessedTransaction();
    processed.setTransactionenvelope(common.Envelope.deserializeBinary(envelopesOf(block)[txNum] ?? new Uint8Array(0)));
    processed.setValidationcode(codesOf(block)[txNum] ?? 0);
    return processed.serializeBinary();
  }

  #channels(): Uint8Array {
    const channel = new peer.ChannelInfo();
    channel.setChannelId(this.#channel);
    const response = new peer.ChannelQueryResponse();
    response.setChannelsList([channel]);
    return response.serializeBinary();
  }
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? new Uint8Array(0)).toString();
