import { common, orderer } from '@hyperledger/fabric-protos';
import { openEnvelope, type OpenEnvelope } from '../block/envelope.ts';
import type { IdentityRegister } from '../identity/identity-register.ts';
import { messageBytes, type Ordering } from './ordering.ts';

interface FilterParts {
  readonly channel: string;
  readonly register: IdentityRegister;
  readonly ordering: Ordering;
}

type Status = ReturnType<orderer.BroadcastResponse['getStatus']>;
const { SUCCESS, BAD_REQUEST, FORBIDDEN, NOT_FOUND, SERVICE_UNAVAILABLE } = common.Status;

/** The orderer's answer to an envelope. SUCCESS guarantees nothing; only a block does. */
export interface BroadcastAnswer {
  readonly status: Status;
  readonly info: string;
}

/** The orderer's filters, in Fabric's order: not empty, not too large, signed by a writer of the channel. */
export class BroadcastFilter {
  readonly #parts: FilterParts;

  constructor(parts: FilterParts) {
    this.#parts = parts;
  }

  take(envelope: common.Envelope): BroadcastAnswer {
    const refusal = this.#refusal(envelope);
    if (refusal !== undefined) return refusal;
    try {
      this.#parts.ordering.order(envelope);
      return { status: SUCCESS, info: '' };
    } catch (error) {
      return { status: SERVICE_UNAVAILABLE, info: error instanceof Error ? error.message : String(error) };
    }
  }

  #refusal(envelope: common.Envelope): BroadcastAnswer | undefined {
    if (envelope.getPayload_asU8().length === 0) return { status: BAD_REQUEST, info: 'message payload is empty' };
    let open: OpenEnvelope;
    try {
      open = openEnvelope(envelope);
    } catch (error) {
      return { status: BAD_REQUEST, info: `bad header: ${error instanceof Error ? error.message : String(error)}` };
    }
    return this.#refusalOf(open, messageBytes(envelope));
  }

  #refusalOf(open: OpenEnvelope, bytes: number): BroadcastAnswer | undefined {
    const { channel, register, ordering } = this.#parts;
    const channelId = open.channelHeader.getChannelId();
    if (channelId !== channel) return { status: NOT_FOUND, info: `channel does not exist: ${channelId}` };
    const { absoluteMaxBytes } = ordering.limits;
    if (bytes > absoluteMaxBytes) {
      const info = `message payload is ${bytes} bytes and exceeds maximum allowed ${absoluteMaxBytes} bytes`;
      return { status: BAD_REQUEST, info };
    }
    if (open.channelHeader.getType() !== common.HeaderType.ENDORSER_TRANSACTION) {
      return { status: BAD_REQUEST, info: 'the model of Fabric orders endorser transactions only' };
    }
    try {
      register.signer(open.creator, open.payload, open.signature);
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { status: FORBIDDEN, info: `permission denied: the policy /Channel/Writers is not met: ${reason}` };
    }
  }
}
