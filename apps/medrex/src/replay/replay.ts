import type { IngestClient } from '../client/ingest-client.ts';
import { bundlesOf } from './lines-as-bundles.ts';
import { readReplayFile } from './read-bundles.ts';

/** The result of one file. */
export interface FileResult {
  readonly name: string;
  readonly status: 'applied' | 'repeat' | 'rejected' | 'refused' | 'unreadable' | 'pending';
  /** Number of applied resources. */
  readonly resources: number;
  readonly detail?: string;
}

export interface ReplayOptions {
  readonly client: IngestClient;
  readonly paths: readonly string[];
  /** Maximum Bundles in flight. */
  readonly concurrency: number;
  readonly onFile?: (result: FileResult, done: number) => void;
  readonly signal: AbortSignal;
}

/** Sends each file to the FHIR endpoint and waits for its outcome. A failure does not stop the others. */
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
  const whole = lookAt(file.bytes);
  if (whole !== undefined) return sendOne(client, file.name, { ...whole, bytes: file.bytes, digest: file.digest });
  const bundles = bundlesOf(file);
  if ('problem' in bundles) return { name: file.name, status: 'unreadable', resources: 0, detail: bundles.problem };
  let resources = 0;
  for (const bundle of bundles) {
    const result = await sendOne(client, file.name, { ...bundle, resourceType: 'Bundle' });
    resources += result.resources;
    if (result.status !== 'applied') return { ...result, resources };
  }
  return { name: file.name, status: 'applied', resources };
}

interface About {
  readonly resourceType: string;
}

interface ToSend extends About {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

async function sendOne(client: IngestClient, name: string, one: ToSend): Promise<FileResult> {
  const endpoint = one.resourceType === 'Bundle' ? '/fhir' : `/fhir/${encodeURIComponent(one.resourceType)}`;
  for (;;) {
    const answer = await client.send('POST', endpoint, one.bytes, {
      'content-type': 'application/fhir+json',
      'ce-id': one.digest,
      'ce-source': 'urn:medrex:replay',
    });
    if ((answer.status === 429 || answer.status === 503) && answer.retryAfterS !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, (answer.retryAfterS ?? 1) * 1000));
      continue;
    }
    return resultOf(name, answer.status, answer.body);
  }
}

/** Type and id of a file with one resource; undefined for anything else. */
function lookAt(bytes: Uint8Array): About | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value !== 'object' || value === null || !('resourceType' in value)) return undefined;
    return typeof value.resourceType === 'string' ? { resourceType: value.resourceType } : undefined;
  } catch {
    return undefined;
  }
}

interface Issues {
  readonly issue?: readonly { readonly diagnostics?: string; readonly expression?: readonly string[] }[];
}

interface FhirAnswer extends Issues {
  readonly resourceType?: string;
  readonly entry?: readonly { readonly response?: { readonly status?: string; readonly outcome?: Issues } }[];
}

function resultOf(name: string, status: number, body: unknown): FileResult {
  const answer = (typeof body === 'object' && body !== null ? body : {}) as FhirAnswer;
  if (status === 202)
    return { name, status: 'pending', resources: 0, detail: 'accepted, but its outcome did not arrive in time' };
  if (status >= 400) {
    const detail = whatIsWrong(answer) ?? `status ${status}`;
    return {
      name,
      status: status === 400 || status === 413 || status === 422 || status === 415 ? 'refused' : 'rejected',
      resources: 0,
      detail,
    };
  }
  const responses = (answer.entry ?? []).map(({ response }) => response);
  const failed = responses.filter((response) => response?.status?.startsWith('2') !== true);
  const resources = answer.entry === undefined ? 1 : responses.length - failed.length;
  const [first] = failed;
  if (first === undefined) return { name, status: 'applied', resources };
  const why = whatIsWrong(first.outcome) ?? `status ${first.status ?? 'unknown'}`;
  return {
    name,
    status: 'rejected',
    resources,
    detail: `${failed.length} of ${responses.length} entries were not applied, the first: ${why}`,
  };
}

function whatIsWrong(outcome: Issues | undefined): string | undefined {
  const [issue] = outcome?.issue ?? [];
  if (issue?.diagnostics === undefined) return undefined;
  const where = issue.expression?.[0] === undefined ? '' : `${issue.expression[0]}: `;
  return where + issue.diagnostics;
}
