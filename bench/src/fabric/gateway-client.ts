import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { credentials, Client } from '@grpc/grpc-js';
import { connect, hash, type Contract, type Gateway, type Transaction } from '@hyperledger/fabric-gateway';
import { lowSSigner } from '@medrex/fabric/testing';
import type { ChaincodeResponse, Endorsement, Ledger, Proposal } from '@medrex/ledger';

interface Profile {
  readonly client: { readonly organization: string };
  readonly organizations: Readonly<
    Record<
      string,
      { readonly mspid: string; readonly signedCert: { path: string }; readonly adminPrivateKey: { path: string } }
    >
  >;
  readonly peers: Readonly<
    Record<
      string,
      { readonly url: string; readonly tlsCACerts: { path: string }; readonly grpcOptions: Record<string, string> }
    >
  >;
}

/** Fabric's own gateway client, which endorses and submits through the gateway of one peer. */
export class GatewayClient implements Ledger {
  readonly channel: string;
  readonly label = 'Fabric Gateway client';
  readonly #client: Client;
  readonly #gateway: Gateway;
  readonly #contract: Contract;
  readonly #transactions = new WeakMap<Endorsement, Transaction>();

  constructor(profileFile: string, channel: string, chaincode: string) {
    const profile = JSON.parse(readFileSync(profileFile, 'utf8')) as Profile;
    const read = (path: string): Buffer => readFileSync(resolve(dirname(profileFile), path));
    const own = profile.organizations[profile.client.organization];
    const [peer] = Object.values(profile.peers);
    if (own === undefined || peer === undefined) throw new Error(`${profileFile} names no organisation or no peer`);
    this.channel = channel;
    const tls = credentials.createSsl(read(peer.tlsCACerts.path));
    this.#client = new Client(new URL(peer.url).host, tls, {
      'grpc.ssl_target_name_override': peer.grpcOptions['ssl-target-name-override'] ?? 'localhost',
    });
    const sign = lowSSigner(createPrivateKey(read(own.adminPrivateKey.path)));
    this.#gateway = connect({
      client: this.#client,
      identity: { mspId: own.mspid, credentials: read(own.signedCert.path) },
      signer: async (message) => sign(message),
      hash: hash.none,
    });
    this.#contract = this.#gateway.getNetwork(channel).getContract(chaincode);
  }

  /** Not the real id: the gateway draws its own nonces, and the endorsement has the transaction id. */
  transactionId(nonce: Uint8Array): string {
    return Buffer.from(nonce).toString('hex');
  }

  async endorse(asked: Proposal): Promise<Endorsement> {
    const proposal = this.#contract.newProposal(asked.fn, { arguments: [...asked.args] });
    const transaction = await proposal.endorse();
    const endorsement: Endorsement = {
      proposal: { ...asked, txId: proposal.getTransactionId() },
      response: { status: 200, message: '', payload: transaction.getResult() },
      readWriteSet: { reads: [], ranges: [], writes: [] },
      chaincodeVersion: '',
      envelopeBytes: transaction.getBytes().length,
    };
    this.#transactions.set(endorsement, transaction);
    return endorsement;
  }

  async submit(endorsement: Endorsement): Promise<void> {
    await this.#transactions.get(endorsement)?.submit();
  }

  evaluate(): Promise<ChaincodeResponse> {
    return Promise.reject(new Error('the benchmark evaluates nothing'));
  }

  async close(): Promise<void> {
    this.#gateway.close();
    this.#client.close();
  }
}
