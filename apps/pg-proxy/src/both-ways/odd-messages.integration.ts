import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { bind, close, copyData, copyDone, execute, flush, parse, query, sync, terminate } from '@medrex/pg-wire';
import { RealRig } from '../testing/real-rig.ts';
import { accessOf, WireClient } from '../testing/wire-client.ts';

/** Adds bytes inside the message that do not belong there. */
const longer = (message: Buffer): Buffer => {
  const made = Buffer.concat([message, Buffer.from('xx')]);
  made.writeInt32BE(made.length - 1, 1);
  return made;
};
const begin = 'copy c from stdin';
const copied: readonly (readonly [how: string, messages: readonly Buffer[]])[] = [
  ['', [query(begin)]],
  ['with a row', [query(begin), copyData(Buffer.from('1\n'))]],
  [
    'of the extended protocol',
    [
      parse({ name: '', text: begin, parameterTypes: [] }),
      bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] }),
      execute({ portal: '', rowsMax: 0 }),
      flush(),
    ],
  ],
];
const ends: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a message with a length that is wrong', Buffer.from('d\0\0\0\x01', 'latin1')],
  ['a message of a type that there is not', Buffer.from('y\0\0\0\x04', 'latin1')],
  ['Terminate', terminate()],
];

describeReal('POSTGRES', 'messages that nobody should send', (where) => {
  describe.each(['transaction', 'session'] as const)('in %s mode', (mode) => {
    let rig: RealRig;
    beforeAll(async () => {
      rig = await RealRig.start(where, mode, 4);
      await rig.direct.query(`create table ${rig.schema}.c (a text)`);
    });
    afterAll(() => rig.close());

    const open = (href: string): Promise<WireClient> =>
      WireClient.in({ ...accessOf(href), parameters: { options: `-c search_path=${rig.schema}` } });
    const same = async (heard: (client: WireClient) => Promise<string[]>): Promise<void> => {
      const words: string[][] = [];
      for (const href of [rig.url, where]) {
        const client = await open(href);
        words.push(await heard(client));
        client.close();
      }
      expect(words[0]).toEqual(words[1]);
    };

    const endings = copied.flatMap(([how, messages]) =>
      ends.map(([what, bytes]) => [what, how, messages, bytes] as const),
    );
    it.each(endings)('%s in a COPY %s, in one packet with it or later, ends in words of the server', async (...row) => {
      const [, , messages, bytes] = row;
      await same(async (client) => {
        client.send(...messages, bytes);
        return client.until('closed');
      });
      await same(async (client) => {
        client.send(...messages);
        const words = await client.until('G');
        client.send(bytes);
        return [...words, ...(await client.until('closed'))];
      });
      expect((await rig.direct.query(`table ${rig.schema}.c`)).rows).toEqual([]);
    });

    it('answers a goodbye behind COPY data once that has run', async () => {
      await same(async (client) => {
        client.send(query(`begin; ${begin}; rollback`), copyData(Buffer.from('1\n')), copyDone(), terminate());
        return client.until('closed');
      });
    });

    it('answers a Sync or a Flush with a body as the server does', async () => {
      await same((client) => client.ask(longer(sync())));
      await same((client) => client.ask(longer(flush()), query('select 1'), sync()));
    });

    it('refuses a name that is not valid in the client encoding', async () => {
      const name = Buffer.from([0xff]).toString('latin1');
      const named = [parse({ name, text: 'select 1', parameterTypes: [] }), close({ kind: 'statement', name })];
      for (const message of [...named, close({ kind: 'portal', name })])
        await same(async (client) => [
          ...(await client.ask(message, sync())),
          ...(await client.ask(query('begin'))),
          ...(await client.ask(message, sync())),
          ...(await client.ask(query('rollback'))),
        ]);
      const umlaut = Buffer.from('ü').toString('latin1');
      await same((client) =>
        client.ask(
          parse({ name: umlaut, text: 'select 1', parameterTypes: [] }),
          close({ kind: 'statement', name: umlaut }),
          sync(),
        ),
      );
    });
  });
});
