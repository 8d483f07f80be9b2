import { describe, expect, it } from '@jest/globals';
import { CodedError } from '@medrex/coded-error';
import { loggableError, maskMessage } from './loggable-error.ts';

const described = { code: 'VAULT_UNAVAILABLE', retryable: true, meaning: 'x', remedy: 'y' };

describe('loggableError', () => {
  it('keeps the message of a coded error, and of its cause only the kind', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED for Koepp'), { code: 'ECONNREFUSED' });
    const error = new CodedError(described, 'channel ehr: no answer from peer0.org1 after 500 ms', { cause });
    expect(loggableError(error)).toEqual({
      name: 'CodedError',
      code: 'VAULT_UNAVAILABLE',
      isRetryable: true,
      message: 'channel ehr: no answer from peer0.org1 after 500 ms',
      stack: expect.arrayContaining([expect.stringMatching(/loggable-error\.test\.ts:\d+:\d+/)]),
      cause: {
        name: 'Error',
        code: 'ECONNREFUSED',
        stack: expect.arrayContaining([expect.stringContaining('loggable-error.test.ts')]),
      },
    });
  });

  it('omits the message of a foreign error, even if it looks like a stack', () => {
    const loggable = loggableError(new TypeError('Koepp\n    at Koepp (file:///Koepp:1:1)'));
    expect(loggable.name).toBe('TypeError');
    expect(JSON.stringify(loggable)).not.toContain('Koepp');
    expect(loggable.stack[0]).toContain('loggable-error.test.ts');
  });

  it('accepts values that are not errors, and cyclic causes', () => {
    expect(loggableError('Koepp')).toEqual({ name: 'string', stack: [] });
    expect(loggableError(undefined)).toEqual({ name: 'undefined', stack: [] });
    const circle = new Error('x');
    circle.cause = circle;
    expect(loggableError(circle).cause?.cause?.cause?.cause).toBeUndefined();
  });
});

describe('maskMessage', () => {
  it.each([
    [
      'batch 42: peer0.org1 refused endorsement of tx 9f86d081884c7d65: timeout',
      'batch 42: peer0.org1 refused endorsement of tx 9f86d081884c7d65: timeout',
    ],
    ['topic medrex.operations.v1 ends at 1,024', 'topic medrex.operations.v1 ends at 1,024'],
    ['patient Koepp, born 1957-03-12, has MRN 00471108 (SMITH^A)', 'patient … born … has …'],
    ['the vault /home/koepp/vault.db failed', 'the vault … failed'],
    ['Unexpected token "Koepp" in JSON at position 12', '… token … in … at position 12'],
    ['not reached: ECONNREFUSED; db: ENOTFOUND, EAI_AGAIN', 'not reached: ECONNREFUSED; db: ENOTFOUND, EAI_AGAIN'],
    ['patient ESMITH', 'patient …'],
    ['the upstream does not offer TLS', 'the upstream does not offer TLS'],
    ['call 555-201-7731 or a@b.example', 'call … or …'],
  ])('%s', (message, masked) => {
    expect(maskMessage(message)).toBe(masked);
  });

  it('ends somewhere', () => {
    expect(maskMessage('word '.repeat(1_000)).split(' ')).toHaveLength(60);
  });
});
