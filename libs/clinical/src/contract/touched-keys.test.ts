import { describe, expect, it } from '@jest/globals';
import { batchChaincode, type Operation, type OperationResult } from '@medrex/execute-batch';
import { InMemoryStub, itemOf, runBatch } from '@medrex/execute-batch/testing';
import { spaceOf, type KeySpace, type StateKey } from '@medrex/keys';
import { clinicalContract, clinicalRegistry } from '../clinical.ts';
import type { FhirResource } from '../fhir/datatypes.ts';
import { aClaim, anObservation, Clinic, oneOfEach } from '../testing/index.ts';
import type { Entry } from './entry.ts';
import { linesOf } from './key-templates.ts';
import { spacesOf } from './registry.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [clinicalContract] });

interface Step {
  readonly entry: Entry;
  readonly operation: Operation;
  readonly result: OperationResult;
  readonly reads: readonly StateKey[];
  readonly writes: readonly StateKey[];
}

/** Every type created, put, put again and deleted, each operation in a Fabric transaction of its own. */
async function allSteps(): Promise<readonly Step[]> {
  const clinic = new Clinic();
  const steps: Step[] = [];
  const send = async (method: 'POST' | 'PUT' | 'DELETE', url: string, resource?: FhirResource) => {
    const { operations, refusals } = await clinic.translate(resource, { request: { method, url } });
    expect(refusals).toEqual([]);
    for (const operation of operations) {
      const stub = new InMemoryStub(clinic.state, `tx-${steps.length}`);
      const [result] = await runBatch(chaincode, stub, [itemOf(operation)]);
      const [entry] = operation.facts['entries'] as unknown as readonly Entry[];
      steps.push({ entry: entry!, operation, result: result!, reads: stub.reads, writes: [...stub.writes.keys()] });
    }
  };
  const first = oneOfEach({ slot: 's1', start: '2026-01-06T08:00:00Z', bed: 'b1', staff: 'n1' });
  const second = oneOfEach({ slot: 's2', start: '2026-01-06T09:00:00Z', bed: 'b2', staff: 'n2' });
  for (const [id, resource] of first) await send('PUT', `${resource.resourceType}/${id}`, { ...resource, id });
  for (const [id, resource] of first)
    await send('PUT', `${resource.resourceType}/${id}`, { ...resource, id, language: 'en' });
  for (const [, resource] of second) await send('POST', resource.resourceType, resource);
  for (const [id, { resourceType }] of first.toReversed()) await send('DELETE', `${resourceType}/${id}`);
  return steps;
}

const steps = await allSteps();
const nameOf = ({ entry }: Step) => `${entry.type}.${entry.action}`;

describe('operations of every type', () => {
  it('cover each module and each action', () => {
    const names = new Set(steps.map(nameOf));
    const missing = clinicalRegistry.modules.flatMap(({ type }) =>
      // A Patient is known to the vault, so it is always created by an update.
      [...(type === 'Patient' ? [] : ['create']), 'update', 'delete'].map((action) => `${type}.${action}`),
    );
    expect(missing.filter((name) => !names.has(name))).toEqual([]);
    // Types that are written once refuse updates and deletes.
    const rejected = steps.filter(({ result }) => result.status !== 'applied');
    expect(rejected.map((step) => `${nameOf(step)} ${step.result.code}`)).toEqual([
      'AuditEvent.update APPEND_ONLY',
      'Provenance.update APPEND_ONLY',
      'Provenance.delete APPEND_ONLY',
      'AuditEvent.delete APPEND_ONLY',
    ]);
  });

  it('touch keys of their type’s spaces only: a clinical read set holds no financial key, and the reverse', () => {
    for (const step of steps) {
      const may: readonly (KeySpace | undefined)[] = [...spacesOf(clinicalRegistry.module(step.entry.type)), 'system'];
      const declared = step.operation.keys.map(({ key }) => key);
      const outside = [...step.reads, ...step.writes, ...declared].filter((key) => !may.includes(spaceOf(key)));
      expect([nameOf(step), outside]).toEqual([nameOf(step), []]);
    }
    const financial = steps.filter(({ reads }) => reads.some((key) => spaceOf(key) === 'financial'));
    expect(financial.length).toBeGreaterThan(10);
    expect(financial.flatMap(({ reads }) => reads).filter((key) => spaceOf(key) === 'clinical')).toEqual([]);
  });

  it('declare only keys and modes of their template lines', () => {
    const foreignKeys = steps.flatMap((step) => {
      const lines = linesOf(clinicalRegistry.module(step.entry.type), step.entry.action);
      return step.operation.keys
        .filter(({ key, mode }) => !lines.some((line) => line.mode === mode && patternOf(line.key).test(key)))
        .map(({ key, mode }) => `${nameOf(step)}: ${mode} ${key}`);
    });
    expect(foreignKeys).toEqual([]);
  });

  it('use every line of their templates', () => {
    const idle = clinicalRegistry.modules.flatMap((module) =>
      module.lines
        .filter(({ key, mode }) => {
          const touched = steps
            .filter(({ entry }) => entry.type === module.type)
            .flatMap(({ operation, result }) => [...operation.keys, ...result.undeclared]);
          return !touched.some((one) => patternOf(key).test(one.key) && (one.mode === mode || one.mode === 'write'));
        })
        .map(({ key, mode }) => `${module.type}: ${mode} ${key}`),
    );
    expect(idle).toEqual([]);
  });

  it('touch only declared keys and those that a line marks as discovered', () => {
    const surprises = steps
      .filter(({ entry }) => entry.action !== 'delete')
      .flatMap((step) => {
        const lines = clinicalRegistry
          .module(step.entry.type)
          .lines.filter(({ isDiscovered }) => isDiscovered === true);
        return step.result.undeclared
          .filter(({ key }) => !lines.some((line) => patternOf(line.key).test(key)))
          .map(({ key, mode }) => `${nameOf(step)}: ${mode} ${key}`);
      });
    expect(surprises).toEqual([]);
  });
});

it('a caller of clinical scope is refused financial operations by the contract, and reads nothing of them', async () => {
  const scoped = batchChaincode({
    name: 'medrex',
    version: '1',
    contracts: [clinicalContract],
    mayTouch: (creator, space) => creator === 'BillingMSP' || space !== 'financial',
  });
  const clinic = new Clinic();
  const { operations: claim } = await clinic.translate(aClaim());
  const { operations: reading } = await clinic.translate(anObservation());
  const codes = async (creator: string) => {
    const stub = new InMemoryStub(new Map(), 'tx', creator);
    const results = await runBatch(scoped, stub, [...claim, ...reading].map(itemOf));
    expect(stub.reads.filter((key) => spaceOf(key) === 'financial')).toEqual([]);
    return results.map(({ code }) => code);
  };
  expect(await codes('WardMSP')).toEqual(['ACCESS_DENIED', 'OK']);
  expect(await codes('BillingMSP')).toEqual(['OK', 'OK']);
});

/** A regular expression for the key of a template line: each part in angle brackets matches one escaped part. */
function patternOf(key: string): RegExp {
  const [first = '', ...rest] = key.split(/<[^>]*>/).map((text) => text.replace(/[.~:]/g, '\\$&'));
  return new RegExp(`^${[first, ...rest].join('[^~]*')}$`);
}
