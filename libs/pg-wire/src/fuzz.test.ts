import { describe, expect, it } from '@jest/globals';
import * as wire from './index.ts';
import { cut, dice, mutated, type Dice } from './testing/index.ts';

/** Set MEDREX_FUZZ_RUNS for more; a failure names its seed. */
const runs = Number(process.env.MEDREX_FUZZ_RUNS ?? 5_000);
const seed = Number(process.env.MEDREX_FUZZ_SEED ?? 1);

/** 0.1 ms per run on a slow machine, doubled. */
const patienceMs = 60_000 + runs;

/** Runs `attempt` on mutations of `corpus`; an error names the seed and the bytes. */
function fuzz(corpus: readonly Buffer[], attempt: (bytes: Buffer, roll: Dice) => void): void {
  for (let run = 0; run < runs; run++) {
    const roll = dice(seed * 1_000_003 + run);
    const bytes = mutated(corpus[roll(corpus.length)]!, roll);
    try {
      attempt(bytes, roll);
    } catch (error) {
      throw new Error(`MEDREX_FUZZ_SEED=${seed}, run ${run}: ${bytes.toString('hex')}`, { cause: error });
    }
  }
}

const sessions = {
  frontend: Buffer.concat([
    wire.parse({ name: 's1', text: 'select $1::int', parameterTypes: [23] }),
    wire.bind({ portal: '', statement: 's1', parameterFormats: [], parameters: [Buffer.from('1')], resultFormats: [] }),
    wire.describe({ kind: 'portal', name: '' }),
    wire.execute({ portal: '', rowsMax: 0 }),
    wire.sync(),
    wire.query('select 1'),
    wire.copyData(Buffer.alloc(2_000, 'x')),
    wire.copyDone(),
    wire.functionCall({ functionId: 1, argumentFormats: [], arguments: [null], resultFormat: 0 }),
    wire.terminate(),
  ]),
  backend: Buffer.concat([
    wire.parseComplete(),
    wire.rowDescription([{ name: 'a', table: 0, attribute: 0, type: 23, typeSize: 4, typeModifier: -1, format: 0 }]),
    wire.dataRow([Buffer.from('1'), null]),
    wire.commandComplete('SELECT 1'),
    wire.errorResponse({ severity: 'ERROR', sqlstate: '42601', message: 'syntax error', position: '1' }),
    wire.parameterStatus({ name: 'client_encoding', value: 'UTF8' }),
    wire.notificationResponse({ processId: 1, channel: 'c', payload: '' }),
    wire.copyResponse({ direction: 'out', isBinary: false, columnFormats: [0, 0] }),
    wire.parameterDescription([23, 25]),
    wire.readyForQuery(0x49),
  ]),
};

const decoders = Object.entries(wire).flatMap(([name, value]) =>
  /^read(?!Startup|Verifier)/.test(name) ? [value as (buffer: Buffer, start: number, end: number) => unknown] : [],
);

/** Frames the bytes and decodes every message with every decoder: they may reject it, but must not throw. */
function frame(rules: wire.FrameRules, bytes: Buffer, roll: Dice): void {
  const framer = new wire.Framer(rules);
  let given = 0;
  for (const chunk of cut(bytes, [1 + roll(64), 1 + roll(4_096)])) {
    framer.feed(chunk);
    while (framer.next()) {
      given += framer.end - framer.start;
      if (framer.isFirst) for (const decode of decoders) decode(framer.buffer, framer.start, framer.end);
    }
  }
  expect(given).toBeLessThanOrEqual(bytes.length);
}

/** The memory in bytes still in use after `act`. */
function growth(act: () => void): number {
  act();
  global.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  act();
  global.gc?.();
  return process.memoryUsage().arrayBuffers - before;
}

describe('damaged bytes', () => {
  it.each(['frontend', 'backend'] as const)(
    'never throw, hang or grow the framing and decoding of a %s',
    (side) => {
      const rules = side === 'frontend' ? wire.frontendSession : wire.backendSession;
      const act = (): void => fuzz([sessions[side]], (bytes, roll) => frame(rules, bytes, roll));
      expect(growth(act)).toBeLessThan(64 * 1024 * 1024);
    },
    patienceMs,
  );

  it(
    'never throw in a start-up packet, and always come to an end',
    () => {
      const corpus = [
        wire.startupMessage(2, [
          ['user', 'u'],
          ['database', 'd'],
          ['_pq_.x', 'y'],
        ]),
        wire.cancelRequest(1, Buffer.alloc(32, 7)),
        wire.sslRequest(),
        wire.gssencRequest(),
      ];
      fuzz(corpus, (bytes) => {
        const reading = wire.readStartup(bytes);
        if (reading.kind === 'packet') expect(reading.bytes).toBeLessThanOrEqual(bytes.length);
        if (reading.kind === 'packet' && reading.packet.kind === 'startup') wire.negotiate(reading.packet);
      });
    },
    patienceMs,
  );

  it(
    'never throw in SASL, and prove nothing',
    () => {
      const verifier = wire.scramVerifier('pencil', Buffer.alloc(16, 1), 1);
      const endPoint = Buffer.alloc(32, 2);
      const client = wire.ScramClient.of(['SCRAM-SHA-256-PLUS'], { secret: 'pencil', nonce: 'c', endPoint })!;
      const firstOf = (server: wire.ScramServer): Buffer => {
        const step = server.first('SCRAM-SHA-256-PLUS', client.first());
        return step.kind === 'continue' ? step.data : Buffer.alloc(0);
      };
      const serverFirst = firstOf(new wire.ScramServer({ verifier, nonce: 's', endPoint }));
      const answer = client.continue(serverFirst);
      const final = answer.kind === 'continue' ? answer.data : Buffer.alloc(0);
      fuzz([client.first(), serverFirst, final], (bytes) => {
        const server = new wire.ScramServer({ verifier, nonce: 's', endPoint });
        firstOf(server);
        const judged = server.final(bytes);
        if (!bytes.equals(final)) expect(judged.kind).not.toBe('proven');
        new wire.ScramServer({ verifier, nonce: 's', endPoint }).first('SCRAM-SHA-256-PLUS', bytes);
        const other = wire.ScramClient.of(['SCRAM-SHA-256'], { secret: verifierKeys, nonce: 'c' })!;
        other.continue(bytes);
        expect(other.final(bytes).kind).toBe('fault');
        wire.readVerifier(bytes.toString('latin1'));
      });
    },
    patienceMs,
  );
});

/** With keys instead of a password, as a mutated iteration count may ask for a million rounds of hashing. */
const verifierKeys = wire.clientKeys('pencil', Buffer.alloc(16, 1), 1);
