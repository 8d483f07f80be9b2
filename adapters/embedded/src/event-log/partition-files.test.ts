import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { topics } from '@medrex/contracts';
import fc from 'fast-check';
import { offsetsFile, partitionFiles } from './partition-files.ts';

describe('partition files', () => {
  it('are in a folder per topic and partition, those of plain-text topics in a separate folder', () => {
    expect(partitionFiles('/log', topics.operations, 0)).toEqual({
      name: 'medrex.operations.v1/0',
      folder: join('/log', 'medrex.operations.v1', '0'),
      retention: { cleanup: 'mark' },
    });
    expect(partitionFiles('/log', topics.intake, 4).folder).toBe(join('/log', 'intake', 'medrex.ehr.intake.v1', '4'));
    expect(partitionFiles('/log', topics.receipts, 0).folder).toContain(join('/log', 'intake'));
    expect(offsetsFile('/log', 'ingest')).toBe(join('/log', 'offsets', 'ingest.sqlite'));
  });

  it('never share a folder, whatever a topic is called, and never leave the root', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: 6 }),
      fc.constantFrom('', '.', '..', 'intake', 'offsets', '%69ntake', '%', 'a/b', '../x', 'x\0'),
    );
    fc.assert(
      fc.property(name, name, (one, other) => {
        const [first, second] = [one, other].map((topic) => partitionFiles('/log', topic, 0).folder);
        expect(first === second).toBe(one === other);
        expect(first).toMatch(/^\/log\/[^/\0]+\/0$/);
        expect(first).not.toMatch(/^\/log\/(\.+|intake|offsets)\//);
      }),
    );
  });
});
