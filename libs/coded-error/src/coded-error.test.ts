import { describe, expect, it } from '@jest/globals';
import { CodedError, isCodedError } from './coded-error.ts';

const unavailable = {
  code: 'VAULT_UNAVAILABLE',
  retryable: true,
  meaning: 'The vault did not answer.',
  remedy: 'Wait.',
};

describe('CodedError', () => {
  it('carries the code, the verdict, the remedy and the cause', () => {
    const cause = new Error('disk');
    const error = new CodedError(unavailable, 'vault ehr: no answer', { cause });
    expect(error).toMatchObject({ code: 'VAULT_UNAVAILABLE', retryable: true, remedy: 'Wait.', cause });
  });

  it('is recognised by shape and by code, and plain errors are not', () => {
    const error = new CodedError(unavailable, 'x');
    expect(isCodedError(error)).toBe(true);
    expect(isCodedError(error, 'OTHER')).toBe(false);
    expect(isCodedError(new Error('x'))).toBe(false);
  });
});
