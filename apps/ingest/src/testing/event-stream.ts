import { eventually } from '@medrex/contracts/testing';
import { request } from 'node:http';
import type { Json } from './harness.ts';

/** One server-sent event. */
export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Json;
}

export interface EventStream {
  /** Resolves with the first `count` events. */
  take(count: number): Promise<readonly ServerEvent[]>;
  close(): void;
}

/** Opens a stream of server-sent events; resolves when the response has started. */
export async function eventStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventStream> {
  const events: ServerEvent[] = [];
  const sent = request(url, { headers });
  sent.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('error', () => undefined);
      response.on('data', (chunk: string) => {
        resolve();
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        events.push(...blocks.flatMap(parseEvent));
      });
    });
    sent.end();
  });
  return {
    take: (count) => eventually(() => (events.length >= count ? events.slice(0, count) : undefined)),
    close: () => sent.destroy(),
  };
}

function parseEvent(block: string): readonly ServerEvent[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const data = fields.get('data');
  return data === undefined
    ? []
    : [{ id: fields.get('id') ?? '', event: fields.get('event') ?? '', data: JSON.parse(data) as Json }];
}
