import type { ServerResponse } from 'node:http';
import type { EventSink } from './outcome-feed.ts';

/** How long a stream that has ended may take to be read to its end. */
const graceMs = 10_000;

/** A response as the place where events go. One that nobody reads any more is closed after its end: what waits in it would stay for ever. */
export function sinkOf(response: ServerResponse, limitMs = graceMs): EventSink {
  return {
    write: (text) => void response.write(text),
    get waitingBytes() {
      return response.writableLength;
    },
    end: () => {
      const timer = setTimeout(() => response.destroy(), limitMs).unref();
      response.end(() => clearTimeout(timer));
    },
  };
}
