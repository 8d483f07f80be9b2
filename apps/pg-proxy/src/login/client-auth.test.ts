import { describe, expect, it } from '@jest/globals';
import { md5Password, md5Response, passwordMessage } from '@medrex/pg-wire';
import { ClientAuth, type AuthStep, type ClientAuthOptions } from './client-auth.ts';

const salt = Buffer.from([1, 2, 3, 4]);
const mockSecret = Buffer.alloc(32, 7);
const authOf = (options: Partial<ClientAuthOptions>): ClientAuth =>
  new ClientAuth({
    method: 'md5',
    user: 'app',
    secret: undefined,
    allowsCleartext: true,
    nonce: 'abc',
    salt,
    mockSecret,
    mustBeKnown: true,
    certificateName: undefined,
    certificates: undefined,
    directory: undefined,
    endPoint: undefined,
    ...options,
  });

/** What becomes of a client that shows this when it is asked. */
async function kindAfter(auth: ClientAuth, password: string): Promise<AuthStep['kind']> {
  expect(auth.begin().kind).toBe('challenge');
  const message = passwordMessage(password);
  const step = auth.next(message, 0, message.length);
  return step.kind === 'pending' ? (await step.step).kind : step.kind;
}

describe('the authentication of a client', () => {
  it.each([
    ['app', 'pw', 'accepted'],
    ['app', '', 'refused'],
    ['', 'pw', 'refused'],
  ])('is never an anonymous LDAP bind: %j with %j', async (user, password, kind) => {
    const letsIn = authOf({ method: 'ldap', user, directory: () => Promise.resolve('right') });
    expect(await kindAfter(letsIn, password)).toBe(kind);
  });

  it('by md5 never succeeds for a user who does not exist', async () => {
    const response = md5Response(md5Password('app', mockSecret), salt);
    expect(await kindAfter(authOf({}), response)).toBe('refused');
  });

  it('asks for a cleartext password only where that is allowed', () => {
    expect(authOf({ method: 'password', allowsCleartext: false }).begin()).toMatchObject({
      kind: 'refused',
      fault: { reason: 'no_tls' },
    });
  });
});
