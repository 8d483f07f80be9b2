import { describe, expect, it } from '@jest/globals';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockFiles } from './block-files.ts';
import { withDirectory } from './testing/temporary-directory.ts';

const record = (number: number, size = 20): Buffer => Buffer.alloc(size, `block ${number};`);
const records = (from: number, to: number, size?: number): Buffer[] =>
  Array.from({ length: to - from }, (_, at) => record(from + at, size));
const open = (directory: string, durable = 0, segmentBytes = 1 << 20): Promise<BlockFiles> =>
  BlockFiles.open(directory, { segmentBytes, durable });

async function withBlocks(count: number, run: (directory: string, file: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const files = await open(directory);
    await files.append(records(0, count));
    await files.close();
    await run(directory, join(directory, (await readdir(directory))[0] ?? ''));
  });
}

describe('BlockFiles', () => {
  it('reads what was appended, after it was opened again too', async () => {
    await withDirectory(async (directory) => {
      const files = await open(directory);
      await files.append(records(0, 2));
      await files.append(records(2, 5));
      expect(await files.read(3)).toEqual(record(3));
      await files.close();
      const again = await open(directory, 5);
      expect([again.first, again.height]).toEqual([0, 5]);
      for (let number = 0; number < 5; number++) expect(await again.read(number)).toEqual(record(number));
      expect(await again.read(5)).toBeUndefined();
      await again.append(records(5, 6));
      expect(await again.read(5)).toEqual(record(5));
      await again.close();
    });
  });

  it('removes an end torn at any byte, and continues from there', async () => {
    await withBlocks(3, async (directory, file) => {
      const whole = await readFile(file);
      for (let size = whole.length - 1; size >= 2 * 28; size--) {
        await writeFile(file, whole.subarray(0, size));
        const files = await open(directory, 1);
        expect(files.height).toBe(2);
        await files.append([record(2, 33)]);
        expect(await files.read(1)).toEqual(record(1));
        expect(await files.read(2)).toEqual(record(2, 33));
        await files.close();
      }
    });
  });

  it.each([
    { what: 'zeros, as of a file that grew and was not written', tail: Buffer.alloc(500) },
    { what: 'bytes of something else', tail: Buffer.from('some other bytes that nobody here wrote') },
    {
      what: 'a record with a wrong checksum',
      tail: Buffer.concat([Buffer.from([0, 0, 0, 4, 1, 2, 3, 4]), Buffer.from('xxxx')]),
    },
  ])('cuts an end of $what', async ({ tail }) => {
    await withBlocks(3, async (directory, file) => {
      await writeFile(file, Buffer.concat([await readFile(file), tail]));
      const files = await open(directory, 2);
      expect(files.height).toBe(3);
      await files.append([record(3)]);
      await files.close();
      const again = await open(directory, 0);
      expect(again.height).toBe(4);
      expect(await again.read(3)).toEqual(record(3));
      await again.close();
    });
  });

  it('does not remove durable blocks, and leaves a damaged file unchanged', async () => {
    await withBlocks(3, async (directory, file) => {
      await truncate(file, 2 * 28 + 5);
      const files = await open(directory, 3);
      expect(files.height).toBe(2); // below the savepoint: the store refuses to open
      await files.close();
      expect((await readFile(file)).length).toBe(2 * 28 + 5);
    });
  });

  it('reports a damaged durable block when it is read', async () => {
    await withBlocks(3, async (directory, file) => {
      const bytes = await readFile(file);
      bytes[28 + 10]! ^= 1;
      await writeFile(file, bytes);
      const files = await open(directory, 3);
      expect(files.height).toBe(3);
      await expect(files.read(1)).rejects.toMatchObject({ code: 'LEDGER_CORRUPT' });
      expect(await files.read(2)).toEqual(record(2));
      await files.close();
    });
  });

  it('begins a new file when one is full, and finds blocks in all of them', async () => {
    await withDirectory(async (directory) => {
      const files = await open(directory, 0, 100);
      for (let number = 0; number < 20; number++) await files.append([record(number)]);
      await files.close();
      expect((await readdir(directory)).length).toBe(5); // four records of 28 bytes reach 100
      const again = await open(directory, 20, 100);
      expect(again.height).toBe(20);
      for (let number = 0; number < 20; number++) expect(await again.read(number)).toEqual(record(number));
      await again.close();
    });
  });

  it('finds records that are larger than its reading window', async () => {
    await withDirectory(async (directory) => {
      const files = await open(directory, 0, 1 << 30);
      const sizes = [3 << 20, 10, 1 << 20, (1 << 20) - 4, 5];
      await files.append(sizes.map((size, number) => record(number, size)));
      await files.close();
      const again = await open(directory, 0, 1 << 30);
      expect(again.height).toBe(5);
      for (const [number, size] of sizes.entries()) {
        expect((await again.read(number))?.equals(record(number, size))).toBe(true);
      }
      await again.close();
    });
  });

  it('drops old files by number or by bytes, but none that the state still needs', async () => {
    await withDirectory(async (directory) => {
      const files = await open(directory, 0, 100);
      for (let number = 0; number < 40; number++) await files.append([record(number)]);
      expect(files.keepFrom({ blocks: 10, bytes: 1 << 20 }, 40)).toBe(28);
      expect(files.keepFrom({ blocks: 1_000, bytes: 3 * 112 }, 40)).toBe(28);
      expect(files.keepFrom({ blocks: 10, bytes: 1 << 20 }, 9)).toBe(8);
      expect(files.keepFrom({ blocks: 1_000, bytes: 1 << 20 }, 40)).toBe(0);
      await files.prune(28);
      expect([files.first, files.height]).toEqual([28, 40]);
      expect(await files.read(27)).toBeUndefined();
      expect(await files.read(28)).toEqual(record(28));
      await files.close();
      const again = await open(directory, 40, 100);
      expect([again.first, again.height]).toEqual([28, 40]);
      await again.close();
    });
  });
});
