import { type ContractClass, executeItems, type ExecuteBatchOptions, withExecuteBatch } from '@medrex/fabric-contract';
import { type Context, Contract } from 'fabric-contract-api';
import { itemOfJson } from './operation-json.ts';
import { readPage } from './read-page.ts';

/** The chaincode's functions: `executeBatch` and the queries of `withExecuteBatch`, plus these for clients other than orderer-dag. */
export function medrexContract(options: ExecuteBatchOptions): ContractClass {
  class Medrex extends Contract {
    constructor() {
      super('medrex');
    }

    /** Runs one operation, given as JSON, in a Fabric transaction of its own. Returns the same JSON as `executeBatch`. */
    async applyOperation(ctx: Context, operation: string): Promise<string> {
      return executeItems(ctx, [itemOfJson(operation)], options);
    }

    /**
     * Query: one page of the entries below a key prefix. Pass the prefix without its last `~` (`cli~vit~t~<pseudonym>`), and the
     * bookmark of the previous page, or '' for the first page.
     */
    async range(ctx: Context, prefix: string, pageSize: string, bookmark: string): Promise<string> {
      return readPage(ctx, { prefix, pageSize: Number(pageSize), bookmark }, options.mayTouch);
    }
  }
  return withExecuteBatch(Medrex, { ...options, isForeign: false });
}
