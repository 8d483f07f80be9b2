import { type Context, Contract } from 'fabric-contract-api';

/** A contract that works on the assets of another chaincode, and keeps counts of its own under the same keys. */
export class AssetDesk extends Contract {
  /** Adds value to an asset of the chaincode, and answers how often that was done here. */
  async AddValue(ctx: Context, assets: string, id: string, amount: string): Promise<number> {
    await call(ctx, assets, ['AddValue', id, amount]);
    const visits = Number(Buffer.from(await ctx.stub.getState(id)).toString()) + 1;
    await ctx.stub.putState(id, Buffer.from(String(visits)));
    return visits;
  }

  /** Counts the assets of the chaincode by reading all of them, and writes the number down here. */
  async CountAssets(ctx: Context, assets: string): Promise<number> {
    const all = JSON.parse(await call(ctx, assets, ['GetAllAssets'])) as readonly unknown[];
    await ctx.stub.putState('count', Buffer.from(String(all.length)));
    return all.length;
  }
}

async function call(ctx: Context, chaincode: string, args: string[]): Promise<string> {
  const { status, message, payload } = await ctx.stub.invokeChaincode(chaincode, args, '');
  if (status !== 200) throw new Error(message);
  return Buffer.from(payload ?? []).toString();
}
