import { describe, expect, it } from '@jest/globals';
import type { Backend } from '../session/backend/backend.ts';
import type { Request, Requester, RequestObserver } from '../session/client/request.ts';
import { observersOf } from './observers.ts';

const [request, from, backend] = [{} as Request, {} as Requester, {} as Backend];

/** Says all that it is told, with its name. */
const speaking = (name: string, said: string[]): RequestObserver => ({
  sent: () => said.push(`${name} sent`),
  completed: (_, tag) => said.push(`${name} completed ${tag}`),
  ended: () => said.push(`${name} ended`),
  called: () => said.push(`${name} called`),
  refused: (_, sqlstate) => said.push(`${name} refused ${sqlstate}`),
});

describe('several observers', () => {
  it('are called one after the other for the events that they want', () => {
    const said: string[] = [];
    const quiet: RequestObserver = { ended: () => said.push('quiet ended') };
    const both = observersOf([speaking('one', said), undefined, quiet]);
    const all = observersOf([both, speaking('last', said)]);
    all?.sent?.(request);
    all?.completed?.(request, 'SELECT 1');
    all?.ended(request);
    all?.called?.(from, backend);
    all?.refused?.(from, '42P01');
    expect(said).toEqual([
      ...['one sent', 'last sent', 'one completed SELECT 1', 'last completed SELECT 1'],
      ...['one ended', 'quiet ended', 'last ended', 'one called', 'last called'],
      ...['one refused 42P01', 'last refused 42P01'],
    ]);
  });

  it('are replaced by the only one, or by none', () => {
    const one = speaking('one', []);
    expect(observersOf([undefined, one])).toBe(one);
    expect(observersOf([undefined])).toBeUndefined();
  });
});
