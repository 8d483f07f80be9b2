import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { topics } from '@medrex/contracts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ingestConfig } from './config.ts';
import { embeddedPorts } from './embedded-ports.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-ports-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => embeddedPorts(ingestConfig.parse({ MEDREX_DATA_DIR: folder, MEDREX_CHANNELS: 'ehr,lab' }));

describe('the embedded ports', () => {
  it('create a vault when no operation was accepted yet, also after a failed start', async () => {
    for (let start = 0; start < 2; start += 1) await (await open()).close();
    rmSync(join(folder, 'vault'), { recursive: true });
    await (await open()).close();
  });

  it.each([0, 1])('do not create a new vault when there are accepted operations of channel %i', async (partition) => {
    const first = await open();
    await first.ports.log.append(topics.operations, partition, [{ value: Buffer.from('run') }]);
    await first.close();
    await (await open()).close();
    rmSync(join(folder, 'vault'), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: 'VAULT_MISSING' });
  });
});
