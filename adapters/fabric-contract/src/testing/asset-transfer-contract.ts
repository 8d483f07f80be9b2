import { type Context, Contract } from 'fabric-contract-api';

interface Asset {
  readonly ID: string;
  readonly Color: string;
  readonly Size: number;
  readonly Owner: string;
  readonly AppraisedValue: number;
}

/** A contract in the form of Fabric's samples, without any dependency on Medrex. */
export class AssetTransfer extends Contract {
  async InitLedger(ctx: Context): Promise<void> {
    for (const [id, owner] of [
      ['asset1', 'Tomoko'],
      ['asset2', 'Brad'],
    ] as const)
      await save(ctx, { ID: id, Color: 'blue', Size: 5, Owner: owner, AppraisedValue: 300 });
  }

  async CreateAsset(
    ctx: Context,
    id: string,
    color: string,
    size: string,
    owner: string,
    value: string,
  ): Promise<string> {
    if (await this.AssetExists(ctx, id)) throw new Error(`asset ${id} is there already`);
    const asset = { ID: id, Color: color, Size: Number(size), Owner: owner, AppraisedValue: Number(value) };
    await save(ctx, asset);
    ctx.stub.setEvent('AssetCreated', Buffer.from(id));
    return JSON.stringify(asset);
  }

  async ReadAsset(ctx: Context, id: string): Promise<string> {
    const bytes = await ctx.stub.getState(id);
    if (bytes.length === 0) throw new Error(`asset ${id} is not there`);
    return Buffer.from(bytes).toString();
  }

  async UpdateAsset(
    ctx: Context,
    id: string,
    color: string,
    size: string,
    owner: string,
    value: string,
  ): Promise<void> {
    if (!(await this.AssetExists(ctx, id))) throw new Error(`asset ${id} is not there`);
    await save(ctx, { ID: id, Color: color, Size: Number(size), Owner: owner, AppraisedValue: Number(value) });
  }

  async DeleteAsset(ctx: Context, id: string): Promise<void> {
    if (!(await this.AssetExists(ctx, id))) throw new Error(`asset ${id} is not there`);
    await ctx.stub.deleteState(id);
  }

  async AssetExists(ctx: Context, id: string): Promise<boolean> {
    return (await ctx.stub.getState(id)).length > 0;
  }

  /** Answers with who had it. */
  async TransferAsset(ctx: Context, id: string, newOwner: string): Promise<string> {
    const asset = JSON.parse(await this.ReadAsset(ctx, id)) as Asset;
    await save(ctx, { ...asset, Owner: newOwner });
    ctx.stub.setEvent('AssetTransferred', Buffer.from(`${id} ${newOwner}`));
    return asset.Owner;
  }

  async AddValue(ctx: Context, id: string, amount: string): Promise<number> {
    const asset = JSON.parse(await this.ReadAsset(ctx, id)) as Asset;
    const AppraisedValue = asset.AppraisedValue + Number(amount);
    await save(ctx, { ...asset, AppraisedValue });
    return AppraisedValue;
  }

  async GetAllAssets(ctx: Context): Promise<string> {
    const all: Asset[] = [];
    const found = await ctx.stub.getStateByRange('', '');
    for (let next = await found.next(); !next.done; next = await found.next())
      all.push(JSON.parse(Buffer.from(next.value.value).toString()) as Asset);
    await found.close();
    return JSON.stringify(all);
  }
}

async function save(ctx: Context, { AppraisedValue, Color, ID, Owner, Size }: Asset): Promise<void> {
  await ctx.stub.putState(ID, Buffer.from(JSON.stringify({ AppraisedValue, Color, ID, Owner, Size })));
}
