import { decodeRegistry, decodeResults, type OperationResult, type Registry } from '@medrex/execute-batch';
import { ordererAddress } from '../compare/fabric-metrics.ts';
import { embeddedLedgerLabel } from '../commands/defaults.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { changeTries, type AuthorLedger } from './author-ledger.ts';

export interface ModelAuthorLedgerOptions {
  readonly ordererUrl: string;
  readonly channel: string;
  readonly chaincode: string;
}

interface GatewayAnswer {
  readonly error?: string;
  readonly message?: string;
  readonly code?: string;
  readonly status?: number;
  readonly payload?: string;
}

/** The only organisation with administrators on the embedded ledger, as the model has no certificates. */
const organisation = 'MedrexMSP';

/** The embedded ledger, through the model gateway of orderer-dag. */
export class ModelAuthorLedger implements AuthorLedger {
  readonly label = embeddedLedgerLabel;
  readonly #options: ModelAuthorLedgerOptions;

  constructor(options: ModelAuthorLedgerOptions) {
    this.#options = options;
  }

  async change(item: Uint8Array): Promise<OperationResult> {
    const args = [Buffer.from(item).toString('base64')];
    for (let left = changeTries; left > 0; left -= 1) {
      const { code, payload = '' } = await this.#post('/model/transactions', 'executeBatch', args);
      const [result] = code === 'VALID' ? decodeResults(Buffer.from(payload, 'base64')) : [];
      if (result !== undefined) return result;
    }
    throw new UsageError(`the change conflicted with others ${changeTries} times`, 'Try it again.');
  }

  async read(): Promise<Registry> {
    const { status, message, payload = '' } = await this.#post('/model/evaluate', 'readAuthors', []);
    if (status === 200) return decodeRegistry(Buffer.from(payload, 'base64'));
    throw new UsageError(`the chaincode answered ${message ?? 'nothing'}`);
  }

  async close(): Promise<void> {
    // Each request has a connection of its own.
  }

  async #post(path: string, fn: string, args: readonly string[]): Promise<GatewayAnswer> {
    const { ordererUrl, channel, chaincode } = this.#options;
    const hint =
      '--orderer-url must be the address of orderer-dag on the embedded ledger, as printed by `medrex start`.';
    const body = JSON.stringify({ channel, chaincode, fn, args, creator: organisation, isAdministrator: true });
    let response: Response;
    try {
      const headers = { 'content-type': 'application/json' };
      response = await fetch(ordererAddress(ordererUrl) + path, { method: 'POST', headers, body });
    } catch {
      throw new UsageError(`nothing answers at ${ordererUrl}`, hint);
    }
    const reply = (await response.json().catch(() => undefined)) as GatewayAnswer | undefined;
    if (reply === undefined || response.status === 404)
      throw new UsageError(`there is no model gateway at ${ordererUrl}`, hint);
    if (reply.error !== undefined) throw new UsageError(`${reply.error}: ${reply.message ?? ''}`);
    return reply;
  }
}
