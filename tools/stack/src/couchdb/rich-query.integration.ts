import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { FabricLedger } from '@medrex/fabric';
import { freeAddress } from '@medrex/fabric-contract/testing';
import { type ContractServer, serveContracts } from '@medrex/fabric-contract';
import type { Proposal } from '@medrex/ledger';
import { type Context, Contract } from 'fabric-contract-api';
import { StateFile } from '../state.ts';
import { ScratchStack } from '../testing/scratch-stack.ts';

/** A contract like those of the Fabric samples, with beds by ward. */
class Beds extends Contract {
  async Put(ctx: Context, id: string, ward: string, number: string): Promise<void> {
    await ctx.stub.putState(id, Buffer.from(JSON.stringify({ ward, number: Number(number) })));
  }

  async OfWard(ctx: Context, ward: string): Promise<string> {
    const query = {
      selector: { ward },
      sort: [{ ward: 'desc' }, { number: 'desc' }],
      use_index: ['by-ward', 'by-ward'],
    };
    const found: string[] = [];
    const rows = await ctx.stub.getQueryResult(JSON.stringify(query));
    for (let row = await rows.next(); !row.done; row = await rows.next()) found.push(row.value.key);
    await rows.close();
    return JSON.stringify(found);
  }
}

describeReal('FABRIC', 'a real peer on the CouchDB of the stack', () => {
  const stack = new ScratchStack();
  const indexes = mkdtempSync(join(tmpdir(), 'indexes-'));
  let server: ContractServer | undefined;
  let ledger: FabricLedger | undefined;
  beforeAll(async () => {
    const up = ['--offset', 'auto', '--only', 'fabric', '--state-db', 'couchdb', '--chaincode', 'none'];
    expect(stack.run('up', up)).toMatchObject({ status: 0 });
    const folder = join(indexes, 'META-INF', 'statedb', 'couchdb', 'indexes');
    mkdirSync(folder, { recursive: true });
    const index = { index: { fields: ['ward', 'number'] }, ddoc: 'by-ward', name: 'by-ward', type: 'json' };
    writeFileSync(join(folder, 'by-ward.json'), JSON.stringify(index));
    const address = await freeAddress();
    const named = ['deploy', '--name', 'beds', '--address', address, '--meta-inf', indexes, '--json'];
    const { packageId } = JSON.parse(stack.run('chaincode', named).stdout) as { packageId: string };
    server = await serveContracts([Beds], { address, chaincodeId: packageId });
    ledger = await FabricLedger.open({ profile: env('MEDREX_FABRIC_PROFILE'), channel: 'ehr' });
  }, 180_000);
  afterAll(async () => {
    await ledger?.close();
    server?.close();
    stack.remove();
    rmSync(indexes, { recursive: true });
  }, 60_000);

  const env = (name: string): string => new StateFile(stack.folder).state.env[name] ?? '';
  const open = (): FabricLedger => {
    if (ledger === undefined) throw new Error('the ledger is not open');
    return ledger;
  };

  function proposalOf(fn: string, ...args: readonly string[]): Proposal {
    const nonce = randomBytes(24);
    const names = { channel: 'ehr', chaincode: 'beds', creator: open().mspId, txId: open().transactionId(nonce) };
    return { ...names, fn, args: args.map((arg) => Buffer.from(arg)), nonce };
  }

  const bedsOf = async (ward: string): Promise<unknown> => {
    const { payload } = await open().evaluate(proposalOf('OfWard', ward));
    return JSON.parse(Buffer.from(payload).toString());
  };

  async function put(id: string, ward: string, number: string): Promise<void> {
    await open().submit(await open().endorse(proposalOf('Put', id, ward, number)));
  }

  // A starting peer does not answer yet.
  const eventuallyOf = (ward: string, beds: readonly string[]): Promise<unknown> =>
    eventually(async () => JSON.stringify(await bedsOf(ward)) === JSON.stringify(beds), 30_000);

  it('deploys the indexes of a package', async () => {
    const response = await fetch(`${env('MEDREX_TEST_COUCHDB')}/ehr_beds/_index`);
    expect(await response.json()).toMatchObject({ indexes: [{ name: '_all_docs' }, { ddoc: '_design/by-ward' }] });
  });

  it('answers a rich query by that index from committed state', async () => {
    for (const [id, ward, number] of [
      ['b-1', 'w-1', '1'],
      ['b-2', 'w-1', '2'],
      ['b-3', 'w-2', '3'],
    ] as const)
      await put(id, ward, number);
    await eventuallyOf('w-1', ['b-2', 'b-1']);
    await put('b-2', 'w-2', '2');
    await eventuallyOf('w-2', ['b-3', 'b-2']);
  });

  it('is rebuilt from the blocks after it was lost', async () => {
    process.kill(stack.pidOf('couchdb-org1'), 'SIGKILL');
    expect(stack.run('up', ['--only', 'fabric'])).toMatchObject({ status: 0 });
    await eventuallyOf('w-2', ['b-3', 'b-2']);
  });
});
