import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo } from 'node:net';
import { LdapDirectory, type LdapSettings } from './ldap-directory.ts';
import { Slapd, slapdBinary } from './testing/index.ts';

const title = 'LdapDirectory on OpenLDAP';
if (slapdBinary === undefined)
  describe.skip(`${title} (left out: no slapd)`, () => it('needs the server', () => undefined));
else describe(title, () => suite(slapdBinary ?? ''));

function suite(binary: string): void {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await Slapd.start(binary);
  });
  afterAll(() => slapd.stop());

  const directory = (more: Partial<LdapSettings> = {}): LdapDirectory =>
    new LdapDirectory({
      urls: [slapd.url],
      startTls: true,
      ca: slapd.ca,
      timeoutMs: 5_000,
      connectionsMax: 4,
      ...more,
    });
  const bind = (): Partial<LdapSettings> => ({ bind: `uid={user},ou=people,${slapd.base}` });
  const search = (filter = '(uid={user})', password = 'finder'): Partial<LdapSettings> => ({
    search: { base: slapd.base, filter, bindAs: `cn=admin,${slapd.base}`, password },
  });

  it.each([
    ['StartTLS', () => ({})],
    ['ldaps', () => ({ urls: [slapd.securedUrl], startTls: false })],
    ['neither', () => ({ startTls: false })],
    ['the second server', () => ({ urls: ['ldap://localhost:1', slapd.url] })],
  ])('tells right from wrong over %s', async (_how, more: () => Partial<LdapSettings>) => {
    for (const way of [bind(), search()]) {
      const asked = directory({ ...way, ...more() });
      const answers = [
        await asked.isRight('app', 'right'),
        await asked.isRight('app', 'wrong'),
        await asked.isRight('app', ''),
        await asked.isRight('nobody', 'right'),
        await asked.isRight('*', 'right'),
        await asked.isRight(`app,ou=people,${slapd.base}`, 'right'),
      ];
      expect(answers).toEqual([true, false, false, false, false, false]);
    }
  });

  it('waits only once for a server that does not answer, and tries it last from then on', async () => {
    let heard = 0;
    const silent = createServer((socket) => void (heard++, socket.on('error', () => undefined).unref())).unref();
    await new Promise<void>((resolve) => silent.listen(0, 'localhost', resolve));
    const { port } = silent.address() as AddressInfo;
    const asked = directory({ ...bind(), urls: [`ldap://localhost:${port}`, slapd.url], timeoutMs: 500 });
    for (let login = 0; login < 3; login++) expect(await asked.isRight('app', 'right')).toBe(true);
    expect(heard).toBe(1);
  });

  it('rejects a user for whom the search finds two entries', async () => {
    const asked = directory(search('(mail=shared@clinic.example)(uid={user})'.replace(/^/, '(|') + ')'));
    expect(await asked.isRight('app', 'right')).toBe(false);
  });

  it.each([
    ['a certificate that nobody knows', () => ({ ...bind(), ca: undefined })],
    ['a certificate for another host', () => ({ ...bind(), urls: [slapd.url.replace('localhost', '127.0.0.1')] })],
    ['a searcher with the wrong password', () => search('(uid={user})', 'hidden')],
  ])('says that nobody could say with %s', async (_what, more: () => Partial<LdapSettings>) => {
    const error = (await directory(more())
      .isRight('app', 'right')
      .catch((one: unknown) => one)) as Error;
    expect(error).toMatchObject({ code: 'LDAP_UNAVAILABLE' });
    expect(error.message).not.toMatch(/hidden|right/);
  });
}
