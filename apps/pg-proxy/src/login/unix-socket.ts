import { chmodSync, existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { socketPath } from '../upstream/connect.ts';

/** What a client of the Unix socket has in the place of an address, as PgBouncer shows it. */
export const unixAddress = 'unix';

export interface UnixSocketAt {
  readonly folder: string;
  readonly port: number;
  /** Octal. */
  readonly mode: string;
  /** Takes the place of another instance that listens there. */
  readonly takesOver: boolean;
}

/** The file of a Unix socket, where libpq looks for it. */
export class UnixSocket {
  readonly #path: string;
  readonly #inode: number;

  private constructor(path: string) {
    this.#path = path;
    this.#inode = lstatSync(path).ino;
  }

  /** Has `server` listen there. What a process that is dead has left there is replaced. @throws Error */
  static async listen(server: Server, { folder, port, mode, takesOver }: UnixSocketAt): Promise<UnixSocket> {
    const path = socketPath(folder, port);
    const own = `${folder}/.${process.pid}.${port}`;
    // Of a folder that is not there Node says that it is forbidden.
    if (!existsSync(folder)) throw new Error(`there is no folder ${folder}`);
    const held = lstatSync(path, { throwIfNoEntry: false });
    if (held?.isSocket() === false) throw new Error(`${path} is no socket`);
    // PostgreSQL has a lock beside its own.
    const mayReplace = takesOver && !existsSync(`${path}.lock`);
    if (held !== undefined && !mayReplace && (await isAnswered(path)))
      throw new Error(`${path} is that of a process that runs`);
    rmSync(own, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: own, backlog: 1_024 }, resolve);
    });
    chmodSync(own, Number.parseInt(mode, 8));
    // In one step, so that it is there at every moment; and what Node removes at the end is its first name.
    renameSync(own, path);
    return new UnixSocket(path);
  }

  /** Removes the file, if no other instance has put its own there. */
  remove(): void {
    if (lstatSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) rmSync(this.#path, { force: true });
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => resolve(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
    socket.once('connect', () => socket.destroy());
  });
}
