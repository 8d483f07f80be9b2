import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { backend as from, flush, query, readParameterStatus, sync, terminate } from '@medrex/pg-wire';
import { RealRig } from '../testing/real-rig.ts';
import { Transcript } from '../testing/transcript.ts';
import { accessOf, WireClient } from '../testing/wire-client.ts';
import { closesUnnamed, message, prepare, run, two, wireSeries } from '../testing/wire-series.ts';

const isReady = (word: string): boolean => word.startsWith('Z');

describeReal('POSTGRES', 'messages through pg-proxy', (where) => {
  let rig: RealRig;
  let alone: RealRig;
  let withoutRing: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 4);
    alone = await RealRig.start(where, 'session', 4);
    withoutRing = await RealRig.start(where, 'transaction', 4, undefined, { ioUring: false });
  });
  afterAll(async () => {
    for (const each of [rig, alone, withoutRing]) await each.close();
  });

  const open = (href: string, heard?: Transcript): Promise<WireClient> => {
    const parameters = { options: '-c work_mem=9MB', application_name: 'wire' };
    const wordOf = heard && { wordOf: heard.wordOf.bind(heard) };
    return WireClient.in({ ...accessOf(href), parameters, ...wordOf });
  };

  const inModes = Object.entries(wireSeries).flatMap(([title, all]) =>
    (['transaction', 'session', 'transaction by epoll'] as const).map((mode) => [title, mode, all] as const),
  );
  it.each(inModes)('are answered as without it: %s (%s)', async (_title, mode, all) => {
    const { url } = { transaction: rig, session: alone, 'transaction by epoll': withoutRing }[mode];
    const answersOf = async (href: string, between: (step: number) => Promise<void>): Promise<string[][]> => {
      const client = await open(href);
      const answers: string[][] = [];
      for (const [index, [ready, ...messages]] of all.entries()) {
        await between(index);
        const answer: string[] = [];
        client.send(...messages);
        while (answer.filter(isReady).length < ready) answer.push(...(await client.until('Z')));
        answers.push(answer);
      }
      client.close();
      return answers;
    };
    const direct = await answersOf(where, async () => undefined);
    // Other clients take and release backends, so that each step gets another one.
    const others = [await open(url), await open(url), await open(url)];
    const proxied = await answersOf(url, async (step) => {
      for (const [index, other] of others.entries())
        await other.ask(query((step + index) % 3 === 0 ? 'begin' : 'rollback'));
    });
    for (const other of others) other.close();
    expect(proxied).toEqual(direct);
  });

  it('do not report a reset that was rolled back and restored', async () => {
    const heard = new Transcript();
    const client = await open(rig.url, heard);
    await client.ask(prepare('', 'discard all'), run(''), prepare('', 'begin'), run(''), sync());
    await client.ask(query('select 1/0'));
    expect(heard.parameters.get('application_name')).toBe('wire');
    await client.ask(query('rollback'));
    expect(heard.parameters.get('application_name')).toBe('wire');
    client.close();
  });

  it.each([
    ['', [query('discard all')]],
    ['by the extended protocol, ', [prepare('', 'discard all'), run(''), sync()]],
  ])('report after DISCARD ALL, %sthe values that start-up settings return to', async (_how, discard) => {
    const parameters = { TimeZone: 'Asia/Tokyo', DateStyle: 'German', application_name: 'wire' };
    const toldBy = async (href: string): Promise<ReadonlyMap<string, string>> => {
      const heard = new Transcript();
      const client = await WireClient.in({ ...accessOf(href), parameters, wordOf: heard.wordOf.bind(heard) });
      await client.ask(query("set timezone to 'UTC'; set datestyle to 'SQL'; set application_name to 'other'"));
      await client.ask(...discard);
      client.close();
      return heard.parameters;
    };
    const direct = await toldBy(where);
    expect(direct.get('TimeZone')).toBe('Asia/Tokyo');
    expect([await toldBy(rig.url), await toldBy(alone.url)]).toEqual([direct, direct]);
  });

  it.each([
    ['more', [prepare('', 'show work_mem'), run(''), sync(), query('select 1')]],
    ['a Sync', [sync(), query('show work_mem')]],
  ])('find the start-up settings after DISCARD ALL, a Flush and %s', async (_what, behind) => {
    const heardBy = async (href: string): Promise<string[]> => {
      const client = await WireClient.in({
        ...accessOf(href),
        minor: 0,
        parameters: { work_mem: '3MB', DateStyle: 'German' },
        wordOf: (type, message) => `${String.fromCharCode(type)} ${message.toString('latin1', 5)}`,
      });
      client.send(prepare('', 'discard all'), run(''), flush());
      const words = await client.until('C DISCARD ALL');
      words.push(...(await client.ask(...behind)), ...(await client.until('Z')));
      words.push(...(await client.ask(query('show work_mem'))));
      client.close();
      return words;
    };
    const direct = await heardBy(where);
    expect([await heardBy(rig.url), await heardBy(alone.url)]).toEqual([direct, direct]);
  });

  it.each([
    ['a Close', [prepare('', 'discard all'), run(''), closesUnnamed]],
    ['a Bind of what is gone', [prepare('c', 'discard all'), run('c'), run('c')]],
    ['a Parse and its Execute', [prepare('c', 'discard all'), run('c'), prepare('c', 'select 5'), run('c')]],
  ])('report what DISCARD ALL has changed before the pipeline ends, behind %s', async (_what, messages) => {
    const toldBy = async (href: string): Promise<string[]> => {
      const wordOf = (type: number, message: Buffer): string => {
        const told = readParameterStatus(message, 0, message.length);
        return type === from.parameterStatus && told ? `S ${told.name} ${told.value}` : String.fromCharCode(type);
      };
      const parameters = { TimeZone: 'Europe/Rome', search_path: 'pg_catalog' };
      const client = await WireClient.in({ ...accessOf(href), parameters, wordOf });
      client.send(query("set timezone to 'Asia/Tokyo'"));
      await client.until('Z');
      client.send(...messages, sync());
      const words = await client.until('Z');
      client.close();
      return words;
    };
    const direct = await toldBy(where);
    expect(direct).toContain('S TimeZone Europe/Rome');
    expect(await toldBy(rig.url)).toEqual(direct);
  });

  it('are skipped after an error up to the Sync of the client, even where SQL refers to a statement', async () => {
    const client = await open(rig.url);
    await client.ask(two);
    client.send(prepare('', 'syntax error'), flush());
    await client.until('ERROR 42601');
    const questions = [query('select lastval()'), prepare('', 'execute c'), run('')];
    expect(await client.ask(...questions, sync())).toEqual(['Z I']);
    expect(await client.ask(query('execute c'))).toEqual(['T', 'D 2', 'C SELECT 1', 'Z I']);
    client.close();
  });

  const broken = {
    'a length below its own': Buffer.from('Q\0\0\0\x03'),
    'more than a Sync may have': Buffer.from('S\x7f\xff\xff\xff', 'latin1'),
    'a type that nobody knows': message('z'),
  };
  const before = {
    'at once': [],
    'behind what is asked': [query('select pg_sleep(0.1)'), prepare('', 'select 2'), run(''), sync()],
    'behind an error, before the Sync': [prepare('', 'syntax error')],
    'in the middle of a block': [query('begin; select 1')],
    'in a COPY': [query('begin; create temp table broken (a int); copy broken from stdin')],
  };
  it.each(
    Object.entries(before).flatMap(([when, messages]) =>
      Object.entries(broken).map(([what, last]) => [what, when, messages, last] as const),
    ),
  )('end as without it with %s, %s', async (_what, when, messages, last) => {
    const wordsOf = async (href: string): Promise<string[]> => {
      const client = await open(href);
      client.send(...messages);
      const heard = when === 'in a COPY' ? await client.until('G') : [];
      client.send(last);
      return [...heard, ...(await client.until('closed'))];
    };
    const direct = await wordsOf(where);
    expect([await wordsOf(rig.url), await wordsOf(alone.url)]).toEqual([direct, direct]);
  });

  it('are all answered for a client that has said goodbye and closed its side', async () => {
    const long = [prepare('', "select repeat('x', 900000)"), run(''), sync()];
    const asked = [query('select 1'), query('select pg_sleep(0.05)'), ...long];
    const wordsOf = async (href: string): Promise<string[]> => {
      const client = await open(href);
      client.send(...asked, terminate());
      client.socket.end();
      return client.until('closed');
    };
    const direct = await wordsOf(where);
    expect(direct.length).toBeGreaterThan(8);
    expect([await wordsOf(rig.url), await wordsOf(alone.url)]).toEqual([direct, direct]);
  });

  it.each([
    ['with it', [prepare('', 'syntax error'), terminate()]],
    ['when it is told', [prepare('', 'syntax error'), flush()], [terminate()]],
  ])(
    'leave no backend behind if a client leaves without a Sync after an error, %s',
    async (_when, first, then = []) => {
      const client = await open(rig.url);
      client.send(...first);
      if (then.length > 0) await client.until('ERROR 42601');
      client.send(...then);
      const { pools } = rig.running.proxy.host;
      expect(await eventually(() => pools.clients().length === 0 || undefined)).toBe(true);
      expect(await eventually(() => pools.backends().every(({ state }) => state !== 'active') || undefined)).toBe(true);
    },
  );

  it('never see the SQL-prepared statement of another client, even for an EXECUTE that did not run', async () => {
    const [one, other, ...busy] = await Promise.all(Array.from({ length: 5 }, () => open(rig.url)));
    for (const each of busy) await each.ask(query('begin'));
    await busy[0]!.ask(query('rollback'));
    await one!.ask(prepare('c', 'select 1'), prepare('d', 'execute c'), sync());

    expect(await other!.ask(run('c'), sync())).toEqual(['ERROR 26000 prepared statement "c" does not exist', 'Z I']);
    for (const each of [one!, other!, ...busy]) each.close();
  });
});
