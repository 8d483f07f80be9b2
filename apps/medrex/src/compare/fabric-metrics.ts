import type { FabricTransactions } from './side-result.ts';

/** The base address of orderer-dag, from either URL that `medrex start` prints: of its metrics or of the model. */
export function ordererAddress(url: string): string {
  return url.replace(/\/+$/, '').replace(/\/metrics$/, '');
}

const line = /^medrex_orderer_fabric_transactions_total\{([^}]*)\} (\d+(?:\.\d+)?)$/gm;

/** Number of our Fabric transactions by validation code, from the text of orderer-dag's /metrics. */
export function fabricTransactionsIn(metrics: string): FabricTransactions {
  const counts = { submitted: 0, valid: 0, mvccReadConflict: 0, phantomReadConflict: 0, otherInvalid: 0 };
  for (const [, labels = '', value = '0'] of metrics.matchAll(line)) {
    const code = /code="([^"]*)"/.exec(labels)?.[1];
    const count = Number(value);
    counts.submitted += count;
    if (code === 'VALID') counts.valid += count;
    else if (code === 'MVCC_READ_CONFLICT') counts.mvccReadConflict += count;
    else if (code === 'PHANTOM_READ_CONFLICT') counts.phantomReadConflict += count;
    else counts.otherInvalid += count;
  }
  return counts;
}
