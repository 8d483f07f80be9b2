import { describe, expect, it } from '@jest/globals';
import { assetFacts, assetKeys, assetTransfer } from '@medrex/execute-batch/testing';
import fc from 'fast-check';
import type { IntakeContext, IntakeMessage, Translation } from '../intake-contract.ts';
import { assetTransferIntake } from './asset-transfer-intake.ts';

const context: IntakeContext = {
  mintId: (...parts) => `minted:${parts.join('|')}`,
  patient: async () => {
    throw new Error('actions are about no patient');
  },
  knownPatient: () => undefined,
  tenant: {
    seal: (body, binding) =>
      Buffer.from(Buffer.from(`${binding.join('|')}#${Buffer.from(body).toString()}`).toString('base64')),
  },
};
const aMessage = (body: unknown, over: Partial<IntakeMessage> = {}): IntakeMessage => ({
  source: 's',
  id: 'm',
  contract: 'asset-transfer',
  contentType: 'application/json',
  time: '2026-01-01T00:00:00Z',
  body,
  ...over,
});
const translate = async (body: unknown, over?: Partial<IntakeMessage>): Promise<Translation> =>
  assetTransferIntake.translate(aMessage(body, over), context);

describe('the intake of the asset-transfer contract', () => {
  it('belongs to the contract of that name', () => {
    expect(assetTransferIntake.name).toBe(assetTransfer.name);
  });

  it('takes every action that the contract knows, with the keys that its facts tell', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(assetFacts, { minLength: 1, maxLength: 5 }), async (actions) => {
        const { operations, refusals } = await translate({ actions });
        expect(refusals).toEqual([]);
        expect(operations.map(({ item }) => item)).toEqual(actions.map((_, item) => item));
        expect(operations.map(({ facts }) => facts)).toEqual(actions);
        expect(operations.map(({ keys }) => keys)).toEqual(actions.map(assetKeys));
      }),
    );
  });

  it('names what a note or a count appends after the message, and seals remarks', async () => {
    const actions = [
      { do: 'note', asset: 'a', remark: 'for Smith' },
      { do: 'count', counter: 'c', amount: 2 },
      { do: 'label', asset: 'a', label: 'red', remark: 'Smith again' },
    ];
    const translation = await translate({ actions });
    expect(translation.operations.map(({ facts }) => facts)).toEqual([
      { do: 'note', asset: 'a', id: 'minted:s|m|0' },
      { do: 'count', counter: 'c', amount: 2, id: 'minted:s|m|1' },
      { do: 'label', asset: 'a', label: 'red' },
    ]);
    const bodies = translation.operations.map((operation) =>
      operation.bodies.map((body) => Buffer.from(Buffer.from(body).toString(), 'base64').toString()),
    );
    expect(bodies).toEqual([['s|m|0#for Smith'], [], ['s|m|2#Smith again']]);
    expect(JSON.stringify(translation.operations.map(({ facts, keys }) => [facts, keys]))).not.toContain('Smith');
  });

  it('refuses wrong items by themselves, naming what is wrong, and takes the rest', async () => {
    const { operations, refusals } = await translate({
      actions: [{ do: 'fly' }, { do: 'look', asset: 'a' }, { do: 'pay', from: 'a', to: 'b', amount: -1 }, 7],
    });
    expect(operations.map(({ item }) => item)).toEqual([1]);
    expect(refusals.map(({ item, code, status }) => [item, code, status])).toEqual([
      [0, 'INVALID_DEED', 422],
      [2, 'INVALID_DEED', 422],
      [3, 'INVALID_DEED', 422],
    ]);
    expect(refusals[1]?.issues).toMatchObject([{ severity: 'error', expression: 'amount' }]);
    expect(assetTransferIntake.describe?.(refusals[1]?.issues ?? [])).toMatchObject({
      wrong: [expect.stringMatching(/^amount: /)],
    });
  });

  it('refuses other content types, and compactions over the limit', async () => {
    expect((await translate({}, { contentType: 'text/plain' })).refusals).toMatchObject([
      { code: 'UNSUPPORTED_TYPE', status: 415 },
    ]);
    const ids = Array.from({ length: 501 }, (_, index) => String(index));
    const { refusals } = await translate({ do: 'compact', counter: 'c', ids });
    expect(refusals).toMatchObject([
      { code: 'TOO_MANY_DELTAS', status: 413, issues: [{ diagnostics: 'at most 500 at once' }] },
    ]);
  });

  it('gives each action a class, unless the sender does', async () => {
    const actions = ['look', 'note'].map((action) => ({ do: action, asset: 'a' }));
    expect((await translate({ actions })).operations.map((operation) => operation.class)).toEqual([
      'clinical',
      'audit',
    ]);
    const urgent = await translate({ actions }, { class: 'cpoe' });
    expect(urgent.operations.map((operation) => operation.class)).toEqual(['cpoe', 'cpoe']);
  });
});
