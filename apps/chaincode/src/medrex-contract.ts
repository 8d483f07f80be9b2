import { type ContractClass, executeItems, type ExecuteBatchOptions, withExecuteBatch } from '@medrex/fabric-contract';
import { type Context, Contract } from 'fabric-contract-api';
import { itemOfJson } from './operation-json.ts';
import { readPage } from './read-page.ts';

/** The chaincode's functions: `executeBatch` and the queries of `withExecuteBatch`, and these for clients that come alone. */
export function medrexContract(options: ExecuteBatchOptions): ContractClass {
  class Medrex extends Contract {
    constructor() {
      super('medrex');
    }

    /** Runs one operation, given as JSON, as a Fabric transaction of its own. Answers as `executeBatch` does. */
    async applyOperation(ctx: Context, operation: string): Promise<string> {
      return executeItems(ctx, [itemOfJson(operation)], options);
    }

    /**
     * A query: the entries below a key prefix, a page at a time. Give the prefix without its last `~`, as `cli~vit~t~<pseudonym>`, and
     * the bookmark of the page before, '' at first.
     */
    async range(ctx: Context, prefix: string, pageSize: string, bookmark: string): Promise<string> {
      return readPage(ctx, { prefix, pageSize: Number(pageSize), bookmark }, options.mayTouch);
    }
  }
  return withExecuteBatch(Medrex, { ...options, isForeign: false });
}
