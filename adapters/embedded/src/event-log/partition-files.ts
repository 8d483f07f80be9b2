import { join } from 'node:path';
import { retentionOf, topicDescription, type Retention } from '@medrex/contracts';

/** Where a partition lies and how long its records stay; made by the log and handed to the thread that writes, which knows no topics. */
export interface PartitionFiles {
  /** `<topic>/<partition>`, for errors and wake-ups. */
  readonly name: string;
  readonly folder: string;
  readonly retention: Retention;
}

/** Name of the folder that holds the topics with clear text: intake, and the receipts that name its messages. */
const clearTextFolder = 'intake';

/**
 * How the log lies on the disk: `<root>/<topic>/<partition>/<base offset>.sqlite`, one file per segment. Topics with clear text lie
 * one folder deeper, in `<root>/intake`, so that a hospital can give that folder a disk, a retention and a backup rule of its own.
 */
export function partitionFiles(root: string, topic: string, partition: number): PartitionFiles {
  const isClearText = topicDescription(topic)?.isClearText === true;
  const folder = join(isClearText ? clearTextRoot(root) : root, fileName(topic), String(partition));
  return { name: `${topic}/${partition}`, folder, retention: retentionOf(topic) };
}

/** The folder of the topics with clear text. */
export function clearTextRoot(root: string): string {
  return join(root, clearTextFolder);
}

/** The file of what a group committed: `<root>/offsets/<group>.sqlite`. */
export function offsetsFile(root: string, group: string): string {
  return join(root, 'offsets', `${fileName(group)}.sqlite`);
}

// Maps names to distinct file names: characters other than plain ones, and reserved names, are percent-encoded.
function fileName(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed()).replace(/[!'()*~]/g, percent);
  return /^(\.*|intake|offsets)$/.test(encoded) ? encoded.replace(/^./, percent) || '%' : encoded;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
