import type { IngestClient } from '../client/ingest-client.ts';
import { readReplayFile, type ReplayFile } from './read-bundles.ts';

/** What became of one file. */
export interface FileResult {
  readonly name: string;
  readonly status: 'applied' | 'repeat' | 'rejected' | 'refused' | 'unreadable' | 'pending';
  /** Resources that took effect. */
  readonly resources: number;
  readonly detail?: string;
}

export interface ReplayOptions {
  readonly client: IngestClient;
  readonly paths: readonly string[];
  /** Bundles on their way at once. */
  readonly concurrency: number;
  readonly onFile?: (result: FileResult, done: number) => void;
  readonly signal: AbortSignal;
}

/** Sends each file to the FHIR endpoint and waits for its outcome. One that fails does not hold up the others. */
export async function replay({
  client,
  paths,
  concurrency,
  onFile,
  signal,
}: ReplayOptions): Promise<readonly FileResult[]> {
  const results: FileResult[] = [];
  const waiting = [...paths.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
      const [place, path] = next;
      const result = await replayOne(client, path);
      results[place] = result;
      onFile?.(result, results.filter(Boolean).length);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results.filter(Boolean);
}

async function replayOne(client: IngestClient, path: string): Promise<FileResult> {
  const file = await readReplayFile(path);
  if ('problem' in file) return { name: file.name, status: 'unreadable', resources: 0, detail: file.problem };
  const about = lookAt(file);
  if (about === undefined)
    return { name: file.name, status: 'unreadable', resources: 0, detail: 'is not a JSON object' };
  const endpoint = about.resourceType === 'Bundle' ? '/fhir' : `/fhir/${encodeURIComponent(about.resourceType)}`;
  for (;;) {
    const answer = await client.send('POST', endpoint, file.bytes, {
      'content-type': 'application/fhir+json',
      'ce-id': file.digest,
      'ce-source': 'urn:medrex:replay',
    });
    if ((answer.status === 429 || answer.status === 503) && answer.retryAfterS !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, (answer.retryAfterS ?? 1) * 1000));
      continue;
    }
    return resultOf(file.name, answer.status, answer.body);
  }
}

interface About {
  readonly resourceType: string;
}

function lookAt({ bytes }: ReplayFile): About | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value !== 'object' || value === null || !('resourceType' in value)) return undefined;
    return typeof value.resourceType === 'string' ? { resourceType: value.resourceType } : undefined;
  } catch {
    return undefined;
  }
}

interface FhirAnswer {
  readonly resourceType?: string;
  readonly entry?: readonly { readonly response?: { readonly status?: string } }[];
  readonly issue?: readonly { readonly diagnostics?: string; readonly expression?: readonly string[] }[];
}

function resultOf(name: string, status: number, body: unknown): FileResult {
  const answer = (typeof body === 'object' && body !== null ? body : {}) as FhirAnswer;
  if (status === 202)
    return { name, status: 'pending', resources: 0, detail: 'accepted; its outcome did not come in time' };
  if (status >= 400) {
    const [issue] = answer.issue ?? [];
    const where = issue?.expression?.[0] === undefined ? '' : `${issue.expression[0]}: `;
    const detail = issue?.diagnostics === undefined ? `status ${status}` : `${where}${issue.diagnostics}`;
    return {
      name,
      status: status === 400 || status === 413 || status === 422 || status === 415 ? 'refused' : 'rejected',
      resources: 0,
      detail,
    };
  }
  const entries = answer.entry?.filter(({ response }) => response?.status?.startsWith('2') === true).length;
  return { name, status: 'applied', resources: entries ?? 1 };
}
