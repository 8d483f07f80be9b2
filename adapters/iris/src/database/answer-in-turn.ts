import { parentPort } from 'node:worker_threads';

/** A request to an `OwnThread`. */
export interface Asked<Request> {
  readonly id: number;
  readonly request: Request;
}

/** The answer to the request with the same id. */
export type Reply<Answer> =
  { readonly id: number; readonly answer: Answer } | { readonly id: number; readonly error: string };

/** Runs in the thread: answers the requests of its owner one after the other. */
export function answerInTurn(answer: (request: unknown) => Promise<unknown>): void {
  const port = parentPort;
  let last: Promise<void> = Promise.resolve();
  const reply = async ({ id, request }: Asked<unknown>): Promise<Reply<unknown>> => {
    try {
      return { id, answer: await answer(request) };
    } catch (error) {
      return { id, error: String(error) };
    }
  };
  port?.on('message', (asked: Asked<unknown>) => {
    last = last.then(async () => port.postMessage(await reply(asked)));
  });
}
