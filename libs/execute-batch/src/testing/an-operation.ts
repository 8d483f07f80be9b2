import type { Operation } from '../contract.ts';

/** An operation with defaults for all fields. */
export function anOperation(over: Partial<Operation> = {}): Operation {
  return {
    opId: '0123456789abcdef0123456789abcdef',
    sourceHash: 'fedcba9876543210fedcba9876543210',
    contract: 'asset-transfer',
    templateVersion: 1,
    keys: [],
    time: '2024-05-01T10:00:00.000Z',
    facts: {},
    bodies: [],
    ...over,
  };
}
