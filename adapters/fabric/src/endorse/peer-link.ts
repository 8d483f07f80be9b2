import { status, type Client, type ServiceError } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { callError } from '../grpc/call-error.ts';
import { unaryCall } from '../grpc/calls.ts';
import type { Gate } from '../grpc/gate.ts';

/** What a PeerLink needs. */
export interface PeerLinkParts {
  readonly name: string;
  readonly organisation: string;
  readonly client: Client;
  /** Limits the concurrent proposals to this peer. */
  readonly gate: Gate;
  readonly deadlineMs: number;
  readonly nowMs: () => number;
}

const processProposal = '/protos.Endorser/ProcessProposal';

/** Statuses of the connection, not of the peer. */
const unanswered: readonly (status | undefined)[] = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED];

/** The connection to one peer, with the time since when an answer is outstanding. */
export class PeerLink {
  readonly name: string;
  readonly organisation: string;
  readonly client: Client;
  readonly #parts: PeerLinkParts;
  #askedSinceMs: number | undefined;

  constructor(parts: PeerLinkParts) {
    this.name = parts.name;
    this.organisation = parts.organisation;
    this.client = parts.client;
    this.#parts = parts;
  }

  /** How long this peer has had requests without giving any answer. */
  get silentForMs(): number {
    return this.#askedSinceMs === undefined ? 0 : this.#parts.nowMs() - this.#askedSinceMs;
  }

  /** @throws CodedError, see `callError`. */
  propose(signed: Uint8Array, what: string): Promise<peer.ProposalResponse> {
    const { gate, client, deadlineMs } = this.#parts;
    const read = (bytes: Uint8Array): peer.ProposalResponse => peer.ProposalResponse.deserializeBinary(bytes);
    return gate.run(async () => {
      this.asked();
      try {
        const answer = await unaryCall(client, { path: processProposal, request: signed, read }, deadlineMs);
        this.answered();
        return answer;
      } catch (cause) {
        if (!unanswered.includes((cause as Partial<ServiceError>).code)) this.answered();
        throw callError(`${this.name}: ${what}`, cause);
      }
    });
  }

  asked(): void {
    this.#askedSinceMs ??= this.#parts.nowMs();
  }

  /** Called for everything received from this peer: a block, an answer, a refusal. */
  answered(): void {
    this.#askedSinceMs = undefined;
  }

  close(): void {
    this.client.close();
  }
}
