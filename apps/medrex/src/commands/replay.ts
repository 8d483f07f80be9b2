import { IngestClient } from '../client/ingest-client.ts';
import { listReplayPaths } from '../replay/read-bundles.ts';
import { replay, type FileResult } from '../replay/replay.ts';
import { interrupted } from '../terminal/interrupted.ts';
import { Progress } from '../terminal/progress.ts';

export interface ReplayFlags {
  readonly url: string;
  readonly concurrency: number;
  readonly json: boolean;
}

/** `medrex replay`. Returns 0 when every file was applied, otherwise 1. */
export async function replayCommand(paths: readonly string[], flags: ReplayFlags): Promise<number> {
  const files = await listReplayPaths(paths);
  const signal = interrupted();
  let done = 0;
  const progress = new Progress(() => `${done} of ${files.length} files`);
  const results = await replay({
    client: new IngestClient(flags.url),
    paths: files,
    concurrency: flags.concurrency,
    signal,
    onFile: (_result, count) => (done = count),
  }).finally(() => progress.done());
  if (flags.json) console.log(JSON.stringify({ files: results }));
  else console.log(replayText(results, files.length));
  if (signal.aborted) return 130;
  return results.length === files.length && results.every(({ status }) => status === 'applied' || status === 'repeat')
    ? 0
    : 1;
}

function replayText(results: readonly FileResult[], files: number): string {
  const applied = results.filter(({ status }) => status === 'applied');
  const others = results.filter(({ status }) => status !== 'applied');
  const resources = applied.reduce((sum, file) => sum + file.resources, 0);
  const left = files - results.length;
  return [
    `${applied.length} of ${files} files applied, ${resources} resources.`,
    ...others.map(({ name, status, detail }) => `  ${name}: ${status}${detail === undefined ? '' : `, ${detail}`}`),
    ...(left > 0 ? [`  ${left} not sent: stopped.`] : []),
  ].join('\n');
}
