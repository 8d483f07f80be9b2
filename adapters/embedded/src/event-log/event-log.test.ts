import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLogContract } from '@medrex/contracts/testing';
import { EmbeddedEventLog } from './event-log.ts';

eventLogContract('EmbeddedEventLog', async () => {
  const root = mkdtempSync(join(tmpdir(), 'medrex-log-'));
  const open: EmbeddedEventLog[] = [];
  const openLog = (): EmbeddedEventLog => {
    const log = new EmbeddedEventLog({
      root,
      partitions: () => 3,
      segment: { bytes: 20_000 },
      redelivery: { firstMs: 1, maxMs: 10 },
    });
    open.push(log);
    return log;
  };
  const closeAll = async (): Promise<void> => {
    await Promise.all(open.map((log) => log.close()));
  };
  return {
    log: openLog(),
    reopen: async () => {
      await closeAll();
      return openLog();
    },
    dispose: async () => {
      await closeAll();
      rmSync(root, { recursive: true });
    },
  };
});
