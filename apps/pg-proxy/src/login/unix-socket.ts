import { chmodSync, existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { socketPath } from '../upstream/connect.ts';

/** Stands for the address of a client of the Unix socket, as in PgBouncer. */
export const unixAddress = 'unix';

export interface UnixSocketAt {
  readonly folder: string;
  readonly port: number;
  /** Octal. */
  readonly mode: string;
  /** Replaces another instance that listens there. */
  readonly takesOver: boolean;
}

/** The file of a Unix socket, in the place where libpq looks for it. */
export class UnixSocket {
  readonly #path: string;
  readonly #inode: number;

  private constructor(path: string) {
    this.#path = path;
    this.#inode = lstatSync(path).ino;
  }

  /** Makes `server` listen there. A file left by a dead process is replaced. @throws Error */
  static async listen(server: Server, { folder, port, mode, takesOver }: UnixSocketAt): Promise<UnixSocket> {
    const path = socketPath(folder, port);
    const own = `${folder}/.${process.pid}.${port}`;
    // For a missing folder Node reports that access is forbidden.
    if (!existsSync(folder)) throw new Error(`there is no folder ${folder}`);
    const held = lstatSync(path, { throwIfNoEntry: false });
    if (held?.isSocket() === false) throw new Error(`${path} is not a socket`);
    // PostgreSQL keeps a lock file beside its own socket.
    const mayReplace = takesOver && !existsSync(`${path}.lock`);
    if (held !== undefined && !mayReplace && (await isAnswered(path)))
      throw new Error(`${path} is in use by a running process`);
    rmSync(own, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: own, backlog: 1_024 }, resolve);
    });
    chmodSync(own, Number.parseInt(mode, 8));
    // In one step, so that the socket exists at every moment; Node later removes the file by its first name.
    renameSync(own, path);
    return new UnixSocket(path);
  }

  /** Removes the file, unless another instance has replaced it. */
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
