import { join } from 'node:path';
import { retentionOf, topicDescription, type Retention } from '@medrex/contracts';

/** The folder and retention of a partition, passed to the writer thread, which knows no topics. */
export interface PartitionFiles {
  /** `<topic>/<partition>`, for errors and wake-ups. */
  readonly name: string;
  readonly folder: string;
  readonly retention: Retention;
}

/** Name of the folder of the plain-text topics: intake, and the receipts, which name its messages. */
const clearTextFolder = 'intake';

/**
 * Layout of the log on disk: `<root>/<topic>/<partition>/<base offset>.sqlite`, one file per segment. Plain-text topics
 * are one level deeper, in `<root>/intake`, so that a hospital can give that folder its own disk, retention and backup
 * rules.
 */
export function partitionFiles(root: string, topic: string, partition: number): PartitionFiles {
  const isClearText = topicDescription(topic)?.isClearText === true;
  const folder = join(isClearText ? clearTextRoot(root) : root, fileName(topic), String(partition));
  return { name: `${topic}/${partition}`, folder, retention: retentionOf(topic) };
}

/** The folder of the plain-text topics. */
export function clearTextRoot(root: string): string {
  return join(root, clearTextFolder);
}

/** The file of a group's committed offsets: `<root>/offsets/<group>.sqlite`. */
export function offsetsFile(root: string, group: string): string {
  return join(root, 'offsets', `${fileName(group)}.sqlite`);
}

// Maps names to distinct file names: special characters and reserved names are percent-encoded.
function fileName(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed()).replace(/[!'()*~]/g, percent);
  return /^(\.*|intake|offsets)$/.test(encoded) ? encoded.replace(/^./, percent) || '%' : encoded;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
