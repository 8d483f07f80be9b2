import type { ServerResponse } from 'node:http';
import type { EventSink } from './outcome-feed.ts';

/** How long a client may take to read the rest of an ended stream, in ms. */
const graceMs = 10_000;

/** An event sink over an HTTP response. An ended response that the client stops reading is closed, to free its buffer. */
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
