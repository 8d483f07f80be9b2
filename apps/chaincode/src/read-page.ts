import { type MayTouch, parseStateValue } from '@medrex/execute-batch';
import { spaceOf } from '@medrex/keys';
import type { Context } from 'fabric-contract-api';

export interface PageRequest {
  readonly prefix: string;
  readonly pageSize: number;
  readonly bookmark: string;
}

const pageSizeMax = 1_000;

/** One page of a range, as JSON: `{ entries: [{ key, value }], bookmark }`; the bookmark is '' at the end. For queries only: Fabric refuses pagination in a transaction that writes. */
export async function readPage(ctx: Context, request: PageRequest, mayTouch: MayTouch | undefined): Promise<string> {
  const { prefix, pageSize, bookmark } = request;
  const space = spaceOf(prefix);
  if (space === undefined) throw new Error('RANGE_REFUSED: the prefix must begin with a key space');
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > pageSizeMax)
    throw new Error(`RANGE_REFUSED: the page size must be 1 to ${pageSizeMax}`);
  const { mspid } = ctx.stub.getCreator();
  if (mayTouch?.(mspid, space) === false) throw new Error(`ACCESS_DENIED: ${mspid} may not touch ${space} keys`);
  const page = ctx.stub.getStateByRangeWithPagination(prefix + '~', prefix + '\x7f', pageSize, bookmark);
  const entries = [];
  for await (const { key, value } of page) entries.push({ key, value: parseStateValue(value) ?? null });
  // Whatever its types say, the shim omits the metadata when all its fields are zero, which happens on the last page.
  const { metadata } = (await page) as { readonly metadata?: { readonly bookmark: string } };
  return JSON.stringify({ entries, bookmark: metadata?.bookmark ?? '' });
}
