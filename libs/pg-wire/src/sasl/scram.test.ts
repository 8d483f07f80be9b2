import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mockVerifier, readVerifier, scramVerifier, writeVerifier, type ScramVerifier } from './scram-keys.ts';
import { ScramClient, type ScramClientOptions } from './scram-client.ts';
import { ScramServer, type ScramServerStep } from './scram-server.ts';

/** RFC 7677, section 3. */
const rfc = {
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};
const endPoint = Buffer.alloc(32, 9);
const other = Buffer.alloc(32, 8);
const verifier = scramVerifier('pencil', rfc.salt, 4);

const serverOf = (options: { verifier?: ScramVerifier; endPoint?: Buffer } = {}): ScramServer =>
  new ScramServer({ verifier, nonce: 'serverNonce', ...options });

interface Ends {
  readonly client?: Partial<ScramClientOptions>;
  readonly server?: { verifier?: ScramVerifier; endPoint?: Buffer };
  readonly offered?: readonly string[];
}

/** The end of an exchange between ScramClient and ScramServer. */
function exchange({ client = {}, server = {}, offered }: Ends): string {
  const serves = serverOf(server);
  const asks = ScramClient.of(offered ?? serves.mechanisms, { secret: 'pencil', nonce: 'clientNonce', ...client });
  if (asks === undefined) return 'nothing offered';
  const first = serves.first(asks.mechanism, asks.first());
  if (first.kind !== 'continue') return said(first);
  const answer = asks.continue(first.data);
  if (answer.kind !== 'continue') return answer.kind === 'fault' ? answer.fault.message : answer.kind;
  const judged = serves.final(answer.data);
  if (judged.kind !== 'proven') return said(judged);
  const trusted = asks.final(judged.data);
  return trusted.kind === 'proven' ? `${asks.mechanism} proven` : trusted.kind;
}

const said = (step: ScramServerStep): string => (step.kind === 'fault' ? step.fault.message : step.kind);

describe('SCRAM-SHA-256', () => {
  it('accepts the example of RFC 7677 as a server', () => {
    const server = new ScramServer({ verifier: scramVerifier('pencil', rfc.salt, 4096), nonce: rfc.serverNonce });
    const first = server.first('SCRAM-SHA-256', Buffer.from(rfc.clientFirst));
    expect(first).toEqual({ kind: 'continue', data: Buffer.from(rfc.serverFirst) });
    expect(server.final(Buffer.from(rfc.clientFinal))).toMatchObject({
      kind: 'proven',
      data: Buffer.from(rfc.serverFinal),
    });
  });

  it('authenticates as a client, and verifies the server', () => {
    // PostgreSQL's clients omit the user name, so the proof differs from that in the RFC.
    const client = ScramClient.of(['SCRAM-SHA-256'], { secret: 'pencil', nonce: rfc.clientNonce })!;
    const server = new ScramServer({ verifier: scramVerifier('pencil', rfc.salt, 4096), nonce: rfc.serverNonce });
    expect(client.first().toString()).toBe('n,,n=,r=rOprNGfwEbeRWgbNEkqO');
    const first = server.first(client.mechanism, client.first());
    expect(first).toEqual({ kind: 'continue', data: Buffer.from(rfc.serverFirst) });
    expect(exchange({})).toBe('SCRAM-SHA-256 proven');
  });

  it('uses channel binding if both sides support it', () => {
    expect(exchange({ client: { endPoint }, server: { endPoint } })).toBe('SCRAM-SHA-256-PLUS proven');
  });

  it.each<[string, Ends, string]>([
    ['a wrong password', { client: { secret: 'pen' } }, 'refused'],
    ['a user who is not there', { server: { verifier: mockVerifier('nobody', other) } }, 'refused'],
    [
      'another certificate in between',
      { client: { endPoint: other }, server: { endPoint } },
      'SCRAM channel binding check failed',
    ],
    [
      'an offer of PLUS that was taken away in between',
      { client: { endPoint }, server: { endPoint }, offered: ['SCRAM-SHA-256'] },
      'SCRAM channel binding check failed',
    ],
    ['no offer that is known', { offered: ['OAUTHBEARER'] }, 'nothing offered'],
  ])('refuses %s', (_what, ends, end) => {
    expect(exchange(ends)).toBe(end);
  });

  it('uses plain SCRAM with a client without channel binding, over TLS too', () => {
    expect(exchange({ server: { endPoint } })).toBe('SCRAM-SHA-256 proven');
  });

  it('yields keys that can log in at servers with the same verifier only', () => {
    const server = serverOf();
    const client = ScramClient.of(server.mechanisms, { secret: 'pencil', nonce: 'clientNonce' })!;
    const first = server.first(client.mechanism, client.first());
    const answer = client.continue(first.kind === 'continue' ? first.data : Buffer.alloc(0));
    const judged = server.final(answer.kind === 'continue' ? answer.data : Buffer.alloc(0));
    const secret = judged.kind === 'proven' ? judged.keys : 'not proven';
    expect(exchange({ client: { secret } })).toBe('SCRAM-SHA-256 proven');
    expect(exchange({ client: { secret }, server: { verifier: scramVerifier('pencil', other, 4) } })).toBe('refused');
  });

  it('hashes a password once if its keys are cached', () => {
    const kept = new Map<string, { clientKey: Buffer; serverKey: Buffer }>();
    let made = 0;
    const keysOf: ScramClientOptions['keysOf'] = (salt, iterations, make) => {
      const name = `${salt.toString('hex')} ${iterations}`;
      const keys = kept.get(name) ?? make();
      if (!kept.has(name)) made++;
      kept.set(name, keys);
      return keys;
    };
    for (let times = 0; times < 3; times++) expect(exchange({ client: { keysOf } })).toBe('SCRAM-SHA-256 proven');
    expect(made).toBe(1);
  });

  it.each([
    [
      'a mechanism that was not offered',
      (server: ScramServer) => server.first('SCRAM-SHA-1', Buffer.from('n,,n=,r=a')),
    ],
    [
      'PLUS without TLS',
      (server: ScramServer) => server.first('SCRAM-SHA-256-PLUS', Buffer.from('p=tls-server-end-point,,n=,r=a')),
    ],
    ['no first message', (server: ScramServer) => server.first('SCRAM-SHA-256', null)],
    ['a first message of nothing', (server: ScramServer) => server.first('SCRAM-SHA-256', Buffer.alloc(0))],
    ['an identity to act as', (server: ScramServer) => server.first('SCRAM-SHA-256', Buffer.from('n,a=x,n=,r=a'))],
    [
      'an extension that must be known',
      (server: ScramServer) => server.first('SCRAM-SHA-256', Buffer.from('n,,m=x,n=,r=a')),
    ],
    ['a nonce of nothing', (server: ScramServer) => server.first('SCRAM-SHA-256', Buffer.from('n,,n=,r='))],
    [
      'a first message without end',
      (server: ScramServer) => server.first('SCRAM-SHA-256', Buffer.from(`n,,n=,r=${'a'.repeat(2_000)}`)),
    ],
    ['a proof before anything', (server: ScramServer) => server.final(Buffer.from(rfc.clientFinal))],
    [
      'the nonce of another exchange',
      (server: ScramServer) => {
        server.first('SCRAM-SHA-256', Buffer.from(rfc.clientFirst));
        return server.final(Buffer.from(rfc.clientFinal));
      },
    ],
  ])('answers %s with a fault', (_what, act) => {
    expect(act(serverOf())).toMatchObject({ kind: 'fault', fault: { sqlstate: '08P01' } });
  });

  it.each([
    ['a nonce that is not ours', 'r=other,s=AAAA,i=4096'],
    ['our nonce and nothing more', 'r=clientNonce,s=AAAA,i=4096'],
    ['work without end', 'r=clientNonceX,s=AAAA,i=9999999'],
    ['no work', 'r=clientNonceX,s=AAAA,i=0'],
    ['no salt', 'r=clientNonceX,i=4096'],
    ['nonsense', '\0\xff'],
  ])('takes no server that sends %s', (_what, data) => {
    const client = ScramClient.of(['SCRAM-SHA-256'], { secret: 'pencil', nonce: 'clientNonce' })!;
    expect(client.continue(Buffer.from(data, 'latin1'))).toMatchObject({ kind: 'fault' });
  });

  it('rejects a server that does not know the verifier', () => {
    const client = ScramClient.of(['SCRAM-SHA-256'], { secret: 'pencil', nonce: 'clientNonce' })!;
    expect(client.continue(Buffer.from('r=clientNonceX,s=AAAA,i=4')).kind).toBe('continue');
    expect(client.final(Buffer.from(rfc.serverFinal))).toMatchObject({
      kind: 'fault',
      fault: { message: 'incorrect SCRAM server signature' },
    });
  });
});

describe('verifiers', () => {
  it('are read and written in the format of pg_authid', () => {
    const text =
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';
    expect(writeVerifier(readVerifier(text)!)).toBe(text);
    expect(writeVerifier(scramVerifier('pencil', rfc.salt, 4096))).toBe(text);
  });

  it('may have any iteration count that PostgreSQL accepts', () => {
    const verifier = (iterations: number): string => writeVerifier({ ...mockVerifier('a', other), iterations });
    expect(readVerifier(verifier(789_123_456))?.iterations).toBe(789_123_456);
    expect(readVerifier(verifier(2 ** 31))).toBeUndefined();
  });

  it.each(['', 'md5abc', 'SCRAM-SHA-256$0:AAAA$A:A', 'SCRAM-SHA-256$4096:AAAA$AAAA:AAAA'])(
    'are not read from %j',
    (text) => {
      expect(readVerifier(text)).toBeUndefined();
    },
  );

  it('of an unknown user are the same each time, and differ by name', () => {
    expect(mockVerifier('a', other)).toEqual(mockVerifier('a', other));
    expect(mockVerifier('a', other).salt).not.toEqual(mockVerifier('b', other).salt);
  });

  it('accept a password in any Unicode normalization form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (secret) => {
        expect(exchange({ client: { secret }, server: { verifier: scramVerifier(secret, rfc.salt, 1) } })).toContain(
          'proven',
        );
      }),
      { numRuns: 50 },
    );
  });
});
