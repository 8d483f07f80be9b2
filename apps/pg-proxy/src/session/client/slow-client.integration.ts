import { expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { backend as from, backendSession, Framer, query } from '@medrex/pg-wire';
import { setFlagsFromString } from 'node:v8';
import { withReusedBuffer } from '../backend/read-socket.ts';
import { RealRig } from '../../testing/real-rig.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

const megabytes = 1_024;
/** How long the client rests after each megabyte or so. */
const restMs = 8;

// V8 takes some hundred megabytes for a moment to optimise PostgreSQL's grammar, whatever is asked.
setFlagsFromString('--no-wasm-tier-up');
setFlagsFromString('--no-wasm-dynamic-tiering');

describeReal('POSTGRES', 'a client that reads a gigabyte slowly', (where) => {
  it.each([true, false])(
    'gets all of it, and the proxy buffers some megabytes at most (io_uring: %s)',
    async (ioUring) => {
      const rig = await RealRig.start(where, 'transaction', 2, undefined, { ioUring });
      try {
        const client = await WireClient.in(accessOf(rig.url));
        client.send(query(`select repeat(chr(97 + n % 26), 1024 * 1024) from generate_series(1, ${megabytes}) n`));
        const { rows, bytes, grownBytes } = await takenSlowly(client);
        expect(rows).toBe(megabytes);
        expect(bytes).toBeGreaterThan(megabytes * 1_024 * 1_024);
        expect(grownBytes).toBeLessThan(64_000_000);
      } finally {
        await rig.close();
      }
    },
    120_000,
  );
});

/** Up to ReadyForQuery; the client itself, which is of this process, reads into the same memory again and again. */
async function takenSlowly(client: WireClient): Promise<{ rows: number; bytes: number; grownBytes: number }> {
  const framer = new Framer(backendSession);
  const before = process.memoryUsage().rss;
  let [rows, bytes, unrested, grownBytes] = [0, 0, 0, 0];
  client.socket.pause().removeAllListeners();
  await new Promise<void>((ready) => {
    const { socket, start } = withReusedBuffer(client.socket, (memory, length) => {
      framer.feed(memory, length);
      bytes += length;
      unrested += length;
      while (framer.next()) {
        if (framer.isFirst && framer.type === from.dataRow) rows++;
        if (framer.type === from.readyForQuery) socket.destroy();
      }
      if (unrested > 1_000_000) {
        unrested = 0;
        grownBytes = Math.max(grownBytes, process.memoryUsage().rss - before);
        socket.pause();
        setTimeout(() => socket.resume(), restMs);
      }
      return framer.unread === 0;
    });
    socket.on('close', () => ready());
    start();
  });
  return { rows, bytes, grownBytes };
}
