import { expect, it } from '@jest/globals';
import { clinicalErrors } from '../errors.ts';
import { genericRecord } from '../resources/generic-record.ts';
import { registryOf } from './registry.ts';

const deciding = (type: string, ...decidedOn: readonly string[]) => ({ ...genericRecord('Basic'), type, decidedOn });

it('a registry refuses modules whose decidedOn has a cycle', () => {
  const circle = [deciding('Claim', 'Slot'), deciding('Slot', 'Goal'), deciding('Goal', 'Claim')];
  const invalid = expect.objectContaining({ code: clinicalErrors.INVALID_REGISTRY.code });
  expect(() => registryOf(circle, genericRecord)).toThrow(invalid);
  expect(() => registryOf([deciding('Claim', 'Claim')], genericRecord)).toThrow(invalid);
  expect(registryOf([deciding('Claim', 'Slot'), deciding('Slot')], genericRecord).modules).toHaveLength(2);
});
