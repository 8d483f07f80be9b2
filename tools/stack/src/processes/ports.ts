import { connect, createServer } from 'node:net';
import { stackError } from '../errors.ts';

export async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(1_000, () => end(false));
  });
}

/** @throws an error naming the part when one of its ports is in use */
export async function expectFree(part: string, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const problem = await bindError(port);
    if (problem !== undefined)
      throw stackError(
        'portBusy',
        `${part}: 127.0.0.1:${port} cannot be used (${problem}): it is in use by another program.`,
      );
  }
}

export const isFree = async (port: number): Promise<boolean> => (await bindError(port)) === undefined;

async function bindError(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
