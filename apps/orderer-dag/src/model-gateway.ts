import { isCodedError } from '@medrex/coded-error';
import type { BlockStream, BlockSubscription, Ledger, Proposal } from '@medrex/ledger';
import { z } from 'zod';
import { within, type Clock } from './clock.ts';
import { SentEnvelopes } from './sent-envelopes.ts';

/** A request of another client of the model of Fabric; arguments are base64. */
export const gatewayRequest = z.object({
  /** The first channel when absent. */
  channel: z.string().min(1).optional(),
  chaincode: z.string().min(1),
  fn: z.string().min(1),
  args: z.array(z.base64()).max(10_000),
  /** MSP id of the client. */
  creator: z.string().min(1).default('ModelClientMSP'),
  /** Whether the client is an administrator, since the model has no certificates to tell. */
  isAdministrator: z.boolean().default(false),
});
export type GatewayRequest = z.infer<typeof gatewayRequest>;

/** An HTTP status and a JSON body. */
export interface GatewayAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string | number>>;
}

/** Options of a ModelGateway. */
export interface ModelGatewayOptions {
  readonly ledger: Ledger & BlockStream;
  readonly clock: Clock;
  /** Returns a fresh transaction id. */
  readonly nextTxId: () => string;
  /** Maximum wait for the block, in ms. */
  readonly unseenAfterMs: number;
}

/**
 * Access to the embedded ledger for other clients: plain clients of a comparison, foreign writers, readers of state. It is not part of
 * the pipeline; its transactions are foreign to orderer-dag, like those of any other client of a network.
 */
export class ModelGateway {
  readonly #options: ModelGatewayOptions;
  readonly #sent = new SentEnvelopes();
  #following: Promise<BlockSubscription> | undefined;

  constructor(options: ModelGatewayOptions) {
    this.#options = options;
  }

  /** Endorses, submits and waits for the block; `code` in the answer is the validation code. */
  async transact(request: unknown): Promise<GatewayAnswer> {
    return this.#answer(request, async (proposal) => {
      const { ledger, clock, unseenAfterMs } = this.#options;
      await (this.#following ??= this.#follow());
      const endorsement = await ledger.endorse(proposal);
      const seen = new Promise<GatewayAnswer>((resolve) =>
        this.#sent.expect(proposal.txId, ({ code, txNum, payload }, { number }) => {
          const result = { txId: proposal.txId, code, blockNum: number, txNum, payload: base64(payload) };
          resolve({ status: 200, body: result });
        }),
      );
      await ledger.submit(endorsement);
      return within(clock, unseenAfterMs, seen, () => new Error(`tx ${proposal.txId} is in no block`));
    });
  }

  /** Simulates on committed state and returns the response; nothing is ordered. */
  async evaluate(request: unknown): Promise<GatewayAnswer> {
    return this.#answer(request, async (proposal) => {
      const { status, message, payload } = await this.#options.ledger.evaluate(proposal);
      return { status: 200, body: { status, message, payload: base64(payload) } };
    });
  }

  async close(): Promise<void> {
    await (await this.#following)?.close();
  }

  async #answer(request: unknown, carry: (proposal: Proposal) => Promise<GatewayAnswer>): Promise<GatewayAnswer> {
    const parsed = gatewayRequest.safeParse(request);
    if (!parsed.success) {
      const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
      return { status: 400, body: { error: 'BAD_REQUEST', message: wrong.slice(0, 5).join('; ') } };
    }
    try {
      return await carry(this.#proposal(parsed.data));
    } catch (error) {
      const code = isCodedError(error) ? error.code : 'TRANSACTION_UNSEEN';
      return {
        status: statusOf(code),
        body: { error: code, message: error instanceof Error ? error.message : String(error) },
      };
    }
  }

  #proposal({ chaincode, fn, args, creator, isAdministrator }: GatewayRequest): Proposal {
    const { ledger, nextTxId } = this.#options;
    const bytes = args.map((arg) => Buffer.from(arg, 'base64'));
    return { channel: ledger.channel, chaincode, fn, args: bytes, txId: nextTxId(), creator, isAdministrator };
  }

  async #follow(): Promise<BlockSubscription> {
    const { ledger } = this.#options;
    // When the stream ends, the next request follows it again.
    const ended = (): void => void (this.#following = undefined);
    return ledger.follow(await ledger.height(), (block) => this.#sent.onBlock(block), ended);
  }
}

function statusOf(code: string): number {
  if (code === 'ENDORSEMENT_REFUSED') return 422;
  if (code === 'ENVELOPE_TOO_LARGE') return 413;
  return code === 'TRANSACTION_UNSEEN' ? 504 : 503;
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
