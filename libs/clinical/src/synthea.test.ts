import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Operation } from '@medrex/execute-batch';
import { batchChaincode } from '@medrex/execute-batch';
import { comparableState, InMemoryStub, itemOf, runBatch } from '@medrex/execute-batch/testing';
import type { StateKey } from '@medrex/keys';
import { clinicalContract } from './clinical.ts';
import { Clinic } from './testing/index.ts';

const folder = new URL('../../../data/synthea-r4/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));

type Synthea = { readonly entry: readonly { readonly resource: { readonly resourceType: string } }[] };
const read = (name: string) => JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString()) as Synthea;

describe('Synthea patients', () => {
  it.each(files)('%s is one operation with exact keys, applied without a refusal', async (name) => {
    const clinic = new Clinic();
    const bundle = read(name);
    const { operations, refusals, results } = await clinic.send(bundle);
    expect(refusals).toEqual([]);
    expect(operations).toHaveLength(1);
    expect(results).toMatchObject([{ status: 'applied', undeclared: [] }]);
    expect(results[0]!.detail).toHaveLength(bundle.entry.length);
    for (const type of new Set(bundle.entry.map(({ resource }) => resource.resourceType))) {
      const heads = ['cli', 'fin', 'sch', 'aud'].flatMap((space) => clinic.keys(`${space}~res~${type}~`));
      expect(heads).toHaveLength(bundle.entry.filter(({ resource }) => resource.resourceType === type).length);
    }
  });

  it('give the same state in one Fabric transaction as one after another', async () => {
    const clinic = new Clinic();
    const operations: Operation[] = [];
    for (const name of files.slice(0, 3))
      operations.push(...(await clinic.translate(read(name), { id: name })).operations);
    await clinic.apply(operations);
    const state = new Map<StateKey, Uint8Array>();
    const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [clinicalContract] });
    const results = await runBatch(chaincode, new InMemoryStub(state), operations.map(itemOf));
    expect(results.map(({ status, code, undeclared }) => [status, code, undeclared])).toEqual(
      operations.map(() => ['applied', 'OK', []]),
    );
    expect(comparableState(state)).toEqual(comparableState(clinic.state));
  });
});
