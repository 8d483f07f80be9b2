import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, seededRandom } from '@medrex/contracts/testing';
import { RealRig } from '../testing/real-rig.ts';

/** Large enough to fill every buffer on the way. */
const bytesMax = 300_000;

describeReal('POSTGRES', 'bytes through pg-proxy', (where) => {
  let rig: RealRig;
  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 3);
  });
  afterEach(() => rig.close());

  it('arrive as sent, in any amount, however slowly they are read and whoever else sends', async () => {
    const random = seededRandom(7);
    const payload = (): string => {
      const bytes = Math.floor(random() ** 4 * bytesMax);
      const letter = Math.floor(random() * 26);
      return Array.from({ length: Math.ceil(bytes / 7) }, (_, at) => (at * 131 + letter).toString(36)).join(' ');
    };
    const clients = await Promise.all(Array.from({ length: 9 }, () => rig.client()));
    await Promise.all(
      clients.map(async (client, index) => {
        const { stream } = (client as unknown as { connection: { stream: { pause(): void; resume(): void } } })
          .connection;
        for (let round = 0; round < 40; round += 1) {
          const sent = payload();
          const asked =
            index % 3 === 0
              ? client.query({ text: `select '${sent}'::text as got` })
              : client.query({
                  text: 'select $1::text as got',
                  values: [sent],
                  ...(index % 3 === 1 && { name: 'echo' }),
                });
          if (round % 5 === 0) {
            stream.pause();
            setTimeout(() => stream.resume(), 10);
          }
          const { rows } = (await asked) as { rows: { got: string }[] };
          expect(rows[0]?.got === sent).toBe(true);
        }
      }),
    );
  });
});
