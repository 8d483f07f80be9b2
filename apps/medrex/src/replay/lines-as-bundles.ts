import { createHash } from 'node:crypto';
import type { ReplayFile } from './read-bundles.ts';

/** Maximum lines of a file per request. */
const linesMax = 200;

/** A batch Bundle made of lines; its digest is that of the lines. */
export interface LinesBundle {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/**
 * Splits a file with one resource per line (NDJSON, as in FHIR's bulk export) into batch Bundles: each resource is a separate operation,
 * under its own id if it has one. A file with an unreadable line is refused as a whole.
 */
export function bundlesOf({ bytes }: ReplayFile): readonly LinesBundle[] | { readonly problem: string } {
  const entries: unknown[] = [];
  for (const [index, line] of Buffer.from(bytes).toString('utf8').split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = entryOf(line);
    if (entry === undefined) return { problem: `line ${index + 1} is not a FHIR resource in JSON` };
    entries.push(entry);
  }
  if (entries.length === 0) return { problem: 'has only blank lines' };
  const starts = Array.from({ length: Math.ceil(entries.length / linesMax) }, (_, at) => at * linesMax);
  return starts.map((start) => bundle(entries.slice(start, start + linesMax)));
}

function entryOf(line: string): unknown {
  try {
    const resource: unknown = JSON.parse(line);
    if (typeof resource !== 'object' || resource === null || !('resourceType' in resource)) return undefined;
    const { resourceType: type } = resource;
    if (typeof type !== 'string') return undefined;
    const id = 'id' in resource && typeof resource.id === 'string' ? resource.id : undefined;
    return {
      resource,
      request: id === undefined ? { method: 'POST', url: type } : { method: 'PUT', url: `${type}/${id}` },
    };
  } catch {
    return undefined;
  }
}

function bundle(entry: readonly unknown[]): LinesBundle {
  const bytes = Buffer.from(JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }));
  return { bytes, digest: createHash('sha256').update(bytes).digest('hex') };
}
