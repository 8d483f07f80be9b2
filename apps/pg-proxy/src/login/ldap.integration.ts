import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Slapd, slapdBinary } from '@medrex/ldap/testing';
import { query } from '@medrex/pg-wire';
import { ProxyRig } from '../testing/proxy-rig.ts';

const title = 'pg-proxy with OpenLDAP';
if (slapdBinary === undefined)
  describe.skip(`${title} (left out: no slapd)`, () => it('needs the server', () => undefined));
else describe(title, () => suite(slapdBinary ?? ''));

function suite(binary: string): void {
  let slapd: Slapd;
  let rig: ProxyRig;
  beforeAll(async () => {
    slapd = await Slapd.start(binary);
  });
  afterEach(() => rig.close());
  afterAll(() => slapd.stop());

  const start = async (ldap: object, more: object = {}): Promise<void> => {
    rig = await ProxyRig.start({
      files: { 'ldap-ca.pem': slapd.ca.toString(), finder: 'finder\n', password: 'secret\n' },
      config: {
        databases: { app: { upstream: 'main', user: 'app', password: { file: 'password' } } },
        auth: {
          method: 'ldap',
          allowCleartext: true,
          ldap: { urls: [slapd.url], startTls: true, ca: 'ldap-ca.pem', ...ldap },
          ...more,
        },
      },
    });
  };
  const search = (): object => ({
    search: { base: slapd.base, bindAs: `cn=admin,${slapd.base}`, password: { file: 'finder' } },
  });

  it.each([
    ['simple bind', () => ({ bind: `uid={user},ou=people,${slapd.base}` })],
    ['search and bind', search],
    ['search and bind over ldaps', () => ({ ...search(), urls: [slapd.securedUrl], startTls: false })],
  ])('admits users by %s', async (_how, ldap: () => object) => {
    await start(ldap());
    const client = await rig.in({ password: 'right' });
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
    for (const options of [{ password: 'wrong' }, { password: '' }, { user: 'nobody', password: 'right' }])
      expect(await rig.open(options).until('closed')).toEqual([
        `FATAL 28P01 password authentication failed for user "${options.user ?? 'app'}"`,
      ]);
  });

  it('takes no password without TLS, unless that is allowed', async () => {
    await start(search(), { allowCleartext: false });
    expect(await rig.open({ password: 'right' }).until('closed')).toEqual([
      'FATAL 28000 passwords are accepted only over TLS',
    ]);
  });

  it.each([
    ['is not there', () => ({ urls: ['ldap://localhost:1'] })],
    ['shows a certificate of nobody known', () => ({ urls: [slapd.securedUrl], startTls: false, ca: undefined })],
  ])('refuses clients when the directory %s', async (_what, ldap: () => object) => {
    await start({ ...search(), ...ldap() });
    expect(await rig.open({ password: 'right' }).until('closed')).toEqual([
      'FATAL 57P03 the user directory is unavailable',
    ]);
    expect(rig.lines.join('')).toContain('LDAP_UNAVAILABLE');
    expect(rig.lines.join('')).not.toMatch(/finder|right/);
  });
}
