import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import { orderer } from '@hyperledger/fabric-protos';
import { CodedError } from '@medrex/coded-error';
import { ledgerErrors } from '@medrex/ledger';
import { callError } from '../grpc/call-error.ts';
import { duplexCall } from '../grpc/calls.ts';
import { acknowledged } from './broadcast-status.ts';

const broadcast = '/orderer.AtomicBroadcast/Broadcast';

/** An envelope sent on one stream. */
interface Sent {
  readonly envelope: Uint8Array;
  readonly what: string;
  readonly resolve: () => void;
  readonly reject: (error: CodedError) => void;
}

/**
 * One AtomicBroadcast stream to one orderer, which reads envelopes one at a time and acknowledges them in order. After
 * a refusal it closes the stream, so envelopes after the refused one were not read and are sent again on a new stream.
 */
export class OrdererStream {
  readonly name: string;
  readonly #client: Client;
  readonly #ackMs: number;
  #stream: ClientDuplexStream<Uint8Array, orderer.BroadcastResponse> | undefined;
  #sent: Sent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor({ name, client, ackMs }: { readonly name: string; readonly client: Client; readonly ackMs: number }) {
    this.name = name;
    this.#client = client;
    this.#ackMs = ackMs;
  }

  /** Envelopes without an acknowledgement. */
  get waiting(): number {
    return this.#sent.length;
  }

  /**
   * Resolves when the envelope is acknowledged.
   * @throws CodedError as `acknowledged`; LEDGER_UNAVAILABLE if it is unknown whether it was ordered
   */
  send(envelope: Uint8Array, what: string): Promise<void> {
    return new Promise((resolve, reject) => this.#write({ envelope, what, resolve, reject }));
  }

  close(): void {
    this.#break(new CodedError(ledgerErrors.ledgerClosed, `${this.name}: the ledger was closed`));
    this.#client.close();
  }

  #write(sent: Sent): void {
    this.#stream ??= this.#open();
    this.#sent.push(sent);
    if (this.#sent.length === 1) this.#awaitAck();
    this.#stream.write(sent.envelope);
  }

  #open(): ClientDuplexStream<Uint8Array, orderer.BroadcastResponse> {
    const stream = duplexCall(this.#client, broadcast, (bytes) => orderer.BroadcastResponse.deserializeBinary(bytes));
    const broken = (cause: Error): void => {
      if (this.#stream === stream) this.#break(callError(`${this.name}: broadcast`, cause));
    };
    stream.on('data', (answer: orderer.BroadcastResponse) => {
      if (this.#stream === stream) this.#take(answer);
    });
    stream.on('error', broken);
    stream.on('end', () => broken(new Error('the orderer ended the stream')));
    return stream;
  }

  #take(answer: orderer.BroadcastResponse): void {
    const sent = this.#sent.shift();
    if (sent === undefined) return;
    this.#awaitAck();
    const refusal = acknowledged(`${this.name}: ${sent.what}`, answer.getStatus(), answer.getInfo());
    if (refusal === undefined) return sent.resolve();
    const behind = this.#sent;
    this.#forget();
    sent.reject(refusal);
    for (const unseen of behind) this.#write(unseen);
  }

  /** Envelopes without an acknowledgement may have been ordered or not. */
  #break(error: CodedError): void {
    const lost = this.#sent;
    this.#forget();
    for (const { reject, what } of lost)
      reject(new CodedError(ledgerErrors.ledgerUnavailable, `${what}: ${error.message}`, { cause: error }));
  }

  #forget(): void {
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#stream = undefined;
    this.#sent = [];
    stream?.cancel();
  }

  /** If the oldest envelope is not acknowledged in time, the stream counts as dead. */
  #awaitAck(): void {
    clearTimeout(this.#timer);
    if (this.#sent.length === 0) return;
    const dead = new CodedError(
      ledgerErrors.ledgerUnavailable,
      `${this.name}: no acknowledgement in ${this.#ackMs} ms`,
    );
    this.#timer = setTimeout(() => this.#break(dead), this.#ackMs);
  }
}
