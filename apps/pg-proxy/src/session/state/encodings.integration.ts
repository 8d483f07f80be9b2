import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { backend as from, bind, execute, query, readReport, sync } from '@medrex/pg-wire';
import { prepare, run } from '../../testing/asked.ts';
import { RealRig } from '../../testing/real-rig.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

/** Rows byte by byte. */
function wordOf(type: number, message: Buffer): string | undefined {
  if (type === from.errorResponse) return readReport(message, 0, message.length)!.sqlstate;
  if (type === from.readyForQuery) return 'Z';
  if (type === from.commandComplete) return message.toString('latin1', 5, message.length - 1);
  return type === from.dataRow ? message.toString('latin1', 11) : undefined;
}

/** A query of these bytes. */
const bytes = (text: string): Buffer => {
  const message = query(text);
  const body = Buffer.from(`${text}\0`, 'latin1');
  const whole = Buffer.concat([message.subarray(0, 5), body]);
  whole.writeInt32BE(body.length + 4, 1);
  return whole;
};
const prepared = (text: string): Buffer => Buffer.concat([prepare('s', text), sync()]);
const runs = Buffer.concat([run('s'), sync()]);
/** With one parameter of these bytes. */
const bound = (text: string, value: string): Buffer =>
  Buffer.concat([
    prepare('', text),
    bind({
      portal: '',
      statement: '',
      parameterFormats: [],
      resultFormats: [],
      parameters: [Buffer.from(value, 'latin1')],
    }),
    execute({ portal: '', rowsMax: 0 }),
    sync(),
  ]);

/** A word of each in its own bytes, as latin1. */
const words = {
  UTF8: 'J\xc3\xbcrgen',
  LATIN1: 'J\xfcrgen',
  WIN1251: '\xde\xf0\xe8\xe9',
  EUC_JP: '\xc6\xfc\xcb\xdc',
  // The second byte is a backslash.
  SJIS: '\x95\x5c',
};
type Encoding = keyof typeof words;
/** They differ from those in one letter. */
const others: Readonly<Record<Encoding, string>> = {
  UTF8: 'J\xc3\xa4rgen',
  LATIN1: 'J\xe4rgen',
  WIN1251: '\xdf\xf0\xe8\xe9',
  EUC_JP: '\xc6\xfc\xcb\xdd',
  SJIS: '\x94\x5c',
};
const encodings = Object.keys(words) as Encoding[];

describeReal('POSTGRES', 'clients with different encodings', (where) => {
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', encodings.length + 1);
  });
  afterAll(() => rig.close());

  const open = async (href: string, encoding?: string, more = ''): Promise<WireClient> => {
    const client = WireClient.open({
      ...accessOf(href),
      wordOf,
      parameters: {
        options: `-c search_path=${rig.schema}${more}`,
        ...(encoding !== undefined && { client_encoding: encoding }),
      },
    });
    await client.until('Z');
    return client;
  };
  type Steps = readonly ((encoding: Encoding) => Buffer)[];
  /** One step of all after the other, so that each finds a backend that somebody else has had. */
  const answersOf = async (href: string, steps: Steps): Promise<string[][]> => {
    const clients = await Promise.all(encodings.map((encoding) => open(href, encoding)));
    const answers: string[][] = [];
    for (const step of steps)
      for (const [index, client] of clients.entries()) answers.push(await client.ask(step(encodings[index]!)));
    for (const client of clients) client.close();
    return answers;
  };
  const same = async (steps: Steps): Promise<void> => {
    const expected = await answersOf(where, steps);
    expect(await answersOf(rig.url, steps)).toEqual(expected);
  };
  const shown = (): Buffer =>
    query("select current_setting('app.who', true), octet_length(current_setting('app.who', true))");
  const byHex = (): Buffer => query("select encode(convert_to(current_setting('app.who', true), 'UTF8'), 'hex')");

  it('keep their settings', async () => {
    await same([
      (encoding) => bytes(`set app.who = '${words[encoding]}'`),
      ...[shown, byHex],
      (encoding) => bound("select set_config('app.who', $1, false)", `${words[encoding]}2`),
      ...[shown, byHex],
      (encoding) => bytes(`begin; set local app.who = '${words[encoding]}3'; commit`),
      ...[byHex, () => query('reset app.who'), () => query("set app.who = 'x'"), byHex],
    ]);
  });

  it('also those set by code, in characters that they do not have', async () => {
    await rig.direct.query(
      `create function ${rig.schema}.found() returns void language plpgsql as $$ begin perform set_config('app.who', 'Жü', false); end $$`,
    );
    await rig.direct.query(
      `create function ${rig.schema}."größe"(a text) returns void language plpgsql as $$ begin perform set_config('app.who', a, false); end $$`,
    );
    await same([
      ...[() => query('select found()'), byHex, () => query('reset app.who')],
      (encoding) =>
        encoding === 'LATIN1'
          ? bytes(`select "gr\xf6\xdfe"('${words.LATIN1}')`)
          : query("select set_config('app.who', 'y', false)"),
      byHex,
    ]);
  });

  it('which are reset in their place in a text', async () => {
    const setting = ' -c work_mem=3MB';
    const text = (encoding: Encoding): string => {
      const word = encoding === 'SJIS' ? 'x' : words[encoding];
      return `set work_mem = '4MB'; select '${word}${word}'; reset work_mem; select '${word}'; show work_mem`;
    };
    for (const encoding of encodings) {
      const [direct, client] = [await open(where, encoding, setting), await open(rig.url, encoding, setting)];
      expect(await client.ask(bytes(text(encoding)))).toEqual(await direct.ask(bytes(text(encoding))));
      for (const each of [direct, client]) each.close();
    }
  });

  it('and their temporary tables', async () => {
    await same([
      (encoding) => bytes(`create temp table "${words[encoding]}" (a int)`),
      (encoding) => bytes(`create temp table "${others[encoding]}" (a int)`),
      (encoding) => bytes(`drop table "${words[encoding]}"`),
      (encoding) => bytes(`select count(*) from "${others[encoding]}"`),
    ]);
  });

  it('and do not share statements whose bytes mean something else to each of them', async () => {
    // é, Ã© and so on; every client is told how many characters and bytes it is.
    const text = "select length('\xc3\xa9'), octet_length('\xc3\xa9'), ascii('\xc3\xa9')";
    await same([() => prepared(text), () => runs, () => runs]);
  });

  it('and get their start-up settings back, even those that are not valid text', async () => {
    const client = await open(rig.url, 'LATIN1', ' -c app.who=x -c application_name=Zo\xeb');
    for (const text of ['discard all', 'reset all']) {
      expect(await client.ask(query(text))).toEqual([
        text.toUpperCase().replace(' ALL', text === 'reset all' ? '' : ' ALL'),
        'Z',
      ]);
      expect(await client.ask(query('show app.who'))).toEqual(['x', 'SHOW', 'Z']);
    }
    client.close();
  });
});
