import { describe, expect, it } from '@jest/globals';
import { messagesOf } from './login-reports.ts';

describe('the messages of a login', () => {
  it('keep no memory beyond their own bytes, because they are remembered for many clients', () => {
    const messages = messagesOf(new Map([['TimeZone', 'UTC']]));
    expect(messages.buffer.byteLength).toBe(messages.length);
  });
});
