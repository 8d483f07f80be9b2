import { describe, expect, it } from '@jest/globals';
import { hashState, seededRandom, type Block, type Chaincode, type StateEntry } from '@medrex/ledger';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { encodeBlock } from './block-record.ts';
import { EmbeddedLedger } from './embedded-ledger.ts';
import { withDirectory } from './testing/temporary-directory.ts';

const child = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));
const idle: Chaincode = {
  name: 'busy',
  version: '1',
  invoke: async () => ({ status: 200, message: '', payload: new Uint8Array(0) }),
};

describe('an embedded ledger whose process is killed', () => {
  it('keeps every block that it delivered, and its state is what its blocks say', async () => {
    await withDirectory(async (directory) => {
      // Where a process is when it is killed cannot be repeated, so no seed is kept either.
      const random = seededRandom(Date.now());
      const delivered = new Map<number, string>();
      for (let round = 1; round <= 5; round++) {
        const before = delivered.size;
        await runAndKill(
          directory,
          { seed: round, blocks: 1 + Math.floor(random() * 60), afterMs: random() * 20 },
          delivered,
        );
        expect(delivered.size).toBeGreaterThan(before);
        await expectWhole(directory, delivered);
      }
    });
  }, 60_000);
});

/** Lets a process work until it has delivered so many blocks and a little longer; then SIGKILL, wherever it is. */
async function runAndKill(
  directory: string,
  { seed, blocks, afterMs }: { readonly seed: number; readonly blocks: number; readonly afterMs: number },
  delivered: Map<number, string>,
): Promise<void> {
  const flags = ['--conditions=@medrex/source', '--disable-warning=ExperimentalWarning'];
  const worker = spawn(process.execPath, [...flags, child, directory, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(worker, 'exit');
  let lines = 0;
  for await (const line of createInterface({ input: worker.stdout })) {
    const [number = '', digest = ''] = line.split(' ');
    if (digest.length === 64) delivered.set(Number(number), digest); // the last line may be cut short
    lines += 1;
    if (lines === blocks) setTimeout(() => worker.kill('SIGKILL'), afterMs);
  }
  expect((await exited)[1]).toBe('SIGKILL');
}

async function expectWhole(directory: string, delivered: ReadonlyMap<number, string>): Promise<void> {
  const ledger = await EmbeddedLedger.open({ directory, chaincodes: [idle] });
  try {
    const height = await ledger.height();
    expect(height).toBeGreaterThan(Math.max(...delivered.keys()));
    const blocks: Block[] = [];
    await new Promise<void>((resolve, reject) => {
      const take = (block: Block): void => {
        if (blocks.push(block) === height) resolve();
      };
      ledger.follow(0, take, reject);
    });
    const digests = new Map(blocks.map((block) => [block.number, digestOf(block)]));
    expect([...delivered].filter(([number, digest]) => digests.get(number) !== digest)).toEqual([]);
    expect((await ledger.stateHash()).hash).toBe(await hashState(replayed(blocks)));
  } finally {
    await ledger.close();
  }
}

const digestOf = (block: Block): string => createHash('sha256').update(encodeBlock(block).bytes).digest('hex');

/** The state that the valid transactions of these blocks leave, in key order. */
function replayed(blocks: readonly Block[]): readonly StateEntry[] {
  const state = new Map<string, StateEntry>();
  for (const { number, transactions } of blocks) {
    for (const { txNum, code, chaincode, readWriteSet } of transactions) {
      if (code !== 'VALID' || chaincode !== 'busy') continue;
      for (const { key, value } of readWriteSet.writes) {
        if (value === undefined) state.delete(key);
        else state.set(key, { key, value, version: { blockNum: number, txNum } });
      }
    }
  }
  return [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
