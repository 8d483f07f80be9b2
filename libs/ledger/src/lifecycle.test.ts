import { describe, expect, it } from '@jest/globals';
import { isLifecycleKey, lifecycleKey, lifecycleNamespace, namespaceOf } from './lifecycle.ts';

describe('the definition of a chaincode', () => {
  it('is told from every key of a state, and belongs to the lifecycle', () => {
    const key = lifecycleKey('medrex');
    expect(key).toBe('_lifecycle/namespaces/fields/medrex/Sequence');
    expect([isLifecycleKey(key), isLifecycleKey('cli~patient~1'), isLifecycleKey('_other')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([namespaceOf('medrex', key), namespaceOf('medrex', 'cli~patient~1')]).toEqual([
      lifecycleNamespace,
      'medrex',
    ]);
  });
});
