import { describe, expect, it } from '@jest/globals';
import { clientKeys } from '@medrex/pg-wire';
import { Secret } from '@medrex/privacy';
import { Identities, type Identity } from '../config/identities.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { proxyConfig } from '../config/proxy-config.ts';
import { UpstreamLogins } from './upstream-logins.ts';

type Mapped = readonly [user: string | undefined, as: string, password?: string, database?: string];

/** With who is mapped to whom; `forced` is the user and the password of database `forced`. */
function loaded(mapped: readonly Mapped[], forced: readonly [string, string?] = ['proxy', 'first']): LoadedConfig {
  const identityOf = ([user, as, password, database]: Mapped): Identity => ({
    user,
    database,
    as,
    password: password === undefined ? undefined : new Secret(password),
  });
  return {
    config: proxyConfig.parse({
      auth: { userFile: 'users.txt' },
      upstreams: { main: {}, other: {} },
      databases: {
        clinic: { upstream: 'main' },
        lab: { upstream: 'main' },
        forced: { upstream: 'main' },
        far: { upstream: 'other' },
      },
    }),
    authorities: new Map(),
    certificates: new Map(),
    users: new Map([['app', { kind: 'plain', password: 'of the file' }]]),
    identities: new Identities(mapped.map(identityOf), new Map([['forced', identityOf([undefined, ...forced])]])),
  } as unknown as LoadedConfig;
}

describe('UpstreamLogins', () => {
  it('never take the keys of one password for those of another, even with the same salt', () => {
    const { keysOf } = new UpstreamLogins({} as LoadedConfig);
    const salt = Buffer.alloc(16, 1);
    const keys = (password: string): string =>
      keysOf(password, salt, 4, () => clientKeys(password, salt, 4)).clientKey.toString('hex');
    const former = keys('as the directory had it');
    expect(keys('as the server has it')).not.toBe(former);
    expect(keys('as the directory had it')).toBe(former);
  });

  describe('have one pool', () => {
    const logins = new UpstreamLogins(
      loaded([
        ['alice', 'app', 'one'],
        ['bob', 'app', 'one'],
        ['carol', 'app', 'two'],
        ['dave', 'app'],
        ['henry', 'app', 'of the file'],
        ['eve', 'report', 'one'],
        ['app', 'app', 'one', 'lab'],
      ]),
    );
    const name = (user: string, database = 'clinic') => logins.nameOf('main', database, user);

    it('for all that a database, or the map of identities, logs in as one user with one secret', () => {
      expect(name('x', 'forced')).toEqual(name('y', 'forced'));
      expect(name('alice')).toEqual(name('bob'));
      expect(name('alice', 'lab')).toEqual(name('app', 'lab'));
      expect(name('dave')).toEqual(name('henry')); // one by the file, one by the map
    });

    it('for each secret, for each user there, and for clients under their own names', () => {
      const names = ['alice', 'carol', 'dave', 'eve', 'app', 'frank', 'grace'].map((user) => name(user));
      expect(new Set(names.map((each) => JSON.stringify(each))).size).toBe(names.length);
      const ways = names.map((each) => logins.loginOf(each).credentials);
      expect(ways.map(({ user, secret }) => [user, 'password' in secret ? secret.password : secret.kind])).toEqual([
        ['app', 'one'],
        ['app', 'two'],
        ['app', 'of the file'],
        ['report', 'one'],
        ['app', 'of the file'],
        ['frank', 'none'],
        ['grace', 'none'],
      ]);
    });
  });

  it('take the current secret, and after a RELOAD that lets nobody in that way the last one', () => {
    const logins = new UpstreamLogins(loaded([]));
    const name = logins.nameOf('main', 'forced', 'alice');
    const password = () => logins.loginOf(name).credentials;
    expect(password()).toEqual({ user: 'proxy', secret: { kind: 'password', password: 'first' } });
    logins.reload(loaded([], ['proxy', 'second']));
    expect(logins.nameOf('main', 'forced', 'alice')).toEqual(name);
    expect(password()).toEqual({ user: 'proxy', secret: { kind: 'password', password: 'second' } });
    logins.reload(loaded([], ['other', 'third']));
    expect(logins.nameOf('main', 'forced', 'alice')).not.toEqual(name);
    expect(password()).toEqual({ user: 'proxy', secret: { kind: 'password', password: 'second' } });
  });

  it('log in at each server with what the user has shown for one of its databases, or else with what it has shown last', () => {
    const logins = new UpstreamLogins(loaded([]));
    const passwordAt = (database: string, upstream: string) =>
      logins.loginOf(logins.nameOf(upstream, database, 'alice')).credentials.secret;
    const [here, there, later] = ['here', 'there', 'later'].map(
      (password) => ({ kind: 'password', password }) as const,
    );
    logins.rememberSecret('alice', 'clinic', here!);
    expect(passwordAt('far', 'other')).toEqual(here);
    logins.rememberSecret('alice', 'far', there!);
    expect([passwordAt('clinic', 'main'), passwordAt('far', 'other')]).toEqual([here, there]);
    // At the upstream of a class of work he is who he is at home.
    expect(passwordAt('clinic', 'other')).toEqual(here);
    logins.rememberSecret('alice', 'lab', later!);
    expect([passwordAt('clinic', 'main'), passwordAt('far', 'other')]).toEqual([later, there]);
  });

  it('never bring a client into the pool of another secret when a RELOAD removes or reorders secrets', () => {
    const [alice, bob]: Mapped[] = [
      ['alice', 'app', 'one'],
      ['bob', 'app', 'two'],
    ];
    const logins = new UpstreamLogins(loaded([alice!, bob!]));
    const nameOf = (user: string) => logins.nameOf('main', 'clinic', user);
    const before = { alice: nameOf('alice'), bob: nameOf('bob') };
    const way = logins.loginOf(before.alice).credentials;
    logins.reload(loaded([bob!, alice!]));
    expect({ alice: nameOf('alice'), bob: nameOf('bob') }).toEqual(before);
    logins.reload(loaded([bob!]));
    expect(nameOf('bob')).not.toEqual(before.alice);
    expect(logins.loginOf(before.alice).credentials).toEqual(way);
  });
});
