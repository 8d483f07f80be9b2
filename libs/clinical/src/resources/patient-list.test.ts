import { describe, expect, it } from '@jest/globals';
import type { State } from '@medrex/execute-batch';
import { patientList, type CodedLine } from './patient-list.ts';

const list = patientList<CodedLine>('things');
const line = (id: string, ...codes: string[]): CodedLine => ({ id, codes });

function emptyState(): State {
  const values = new Map<string, Uint8Array>();
  return {
    get: (key) => Promise.resolve(values.get(key)),
    put: (key, value) => void values.set(key, value),
    delete: (key) => void values.delete(key),
  };
}

async function withLines(state: State, patient: string, count: number, prefix = patient): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const id = `${prefix}-${number}`;
    await list.keep(state, { id, before: undefined, patient, line: line(id) });
  }
}

describe('a list of one patient', () => {
  it('keeps the position of a line that is put again', async () => {
    const state = emptyState();
    await withLines(state, 'p', 3);
    await list.keep(state, { id: 'p-1', before: 'p', patient: 'p', line: line('p-1', 'changed') });
    expect(await list.read(state, 'p')).toEqual([line('p-0'), line('p-1', 'changed'), line('p-2')]);
  });

  it('is deleted with its last line', async () => {
    const state = emptyState();
    await withLines(state, 'p', 1);
    await list.keep(state, { id: 'p-0', before: 'p', patient: 'p', line: undefined });
    expect(await state.get(list.key('p'))).toBeUndefined();
  });

  it('removes a line that belongs to another patient', async () => {
    const state = emptyState();
    await withLines(state, 'p', 2);
    await list.keep(state, { id: 'p-0', before: 'p', patient: 'q', line: line('p-0') });
    expect(await list.read(state, 'p')).toEqual([line('p-1')]);
    expect(await list.read(state, 'q')).toEqual([line('p-0')]);
  });

  it('touches nothing for a resource that was and is inactive', async () => {
    const state = { get: () => Promise.reject(new Error('read')) } as unknown as State;
    await expect(
      list.keep(state, { id: 'x', before: undefined, patient: 'p', line: undefined }),
    ).resolves.toBeUndefined();
  });

  it('holds 500 lines and rejects one more, by itself and by a merge', async () => {
    const state = emptyState();
    await withLines(state, 'p', 500);
    const full = expect.objectContaining({ code: 'LIST_FULL' });
    await expect(withLines(state, 'p', 1, 'more')).rejects.toEqual(full);
    await withLines(state, 'q', 1);
    await expect(list.move(state, 'q', 'p')).rejects.toEqual(full);
  });
});

describe('the lists of two merged patients', () => {
  it('become one, the survivor’s lines first', async () => {
    const state = emptyState();
    await withLines(state, 'p', 2);
    await withLines(state, 'q', 1);
    await list.move(state, 'p', 'q');
    expect((await list.read(state, 'q')).map(({ id }) => id)).toEqual(['q-0', 'p-0', 'p-1']);
    expect(await state.get(list.key('p'))).toBeUndefined();
  });

  it('are sorted by the list’s own order if it has one', async () => {
    const state = emptyState();
    const byCode = patientList<CodedLine>('things', ({ codes: [one = ''] }, { codes: [other = ''] }) =>
      one < other ? -1 : 1,
    );
    await list.keep(state, { id: 'a', before: undefined, patient: 'p', line: line('a', '1') });
    await list.keep(state, { id: 'b', before: undefined, patient: 'q', line: line('b', '2') });
    await byCode.move(state, 'p', 'q');
    expect((await byCode.read(state, 'q')).map(({ id }) => id)).toEqual(['a', 'b']);
  });
});
