import { openLibc } from './libc.ts';

/** Of Linux: what a Unix socket says of the process at its other end, as process, user and group. */
const [socketLevel, peerCredentials] = [1, 17];
/** What an entry of the system's users, and the texts of it, take at most. */
const [entryBytes, textBytes] = [256, 65_536];

/** What is asked of the system. */
interface Peers {
  /** @returns the number of the user at the other end */
  readonly userOf: (descriptor: number) => number;
  readonly nameOf: (user: number) => Promise<string | undefined>;
}

let opened: Peers | undefined;

/**
 * The name of the user whose process is at the other end of a Unix socket, for which Node has no call; undefined: the system has no name for him.
 *
 * @throws Error there is no such interface for this machine, or it is none of Linux
 */
export async function unixPeer(descriptor: number): Promise<string | undefined> {
  opened ??= open();
  return opened.nameOf(opened.userOf(descriptor));
}

/** Whether the process at the other end of a Unix socket is of the same user of the system as this one. @throws Error as `unixPeer` */
export function isOwnPeer(descriptor: number): boolean {
  opened ??= open();
  return opened.userOf(descriptor) === process.getuid?.();
}

function open(): Peers {
  if (process.platform !== 'linux')
    throw new Error(`peers of sockets are asked for on Linux, and this is ${process.platform}`);
  const { koffi, libc } = openLibc();
  const ask = libc.func('int getsockopt(int socket, int level, int option, void *value, void *bytes)');
  const find = libc.func('int getpwuid_r(uint32 user, void *entry, void *text, size_t bytes, void *found)');
  const userOf = (descriptor: number): number => {
    const [credentials, bytes] = [new Uint32Array(3), Uint32Array.of(12)];
    if (ask(descriptor, socketLevel, peerCredentials, credentials, bytes) !== 0)
      throw new Error(`asking for a peer failed with errno ${koffi.errno()}`);
    return credentials[1] ?? 0;
  };
  const nameOf = async (user: number): Promise<string | undefined> => {
    const [entry, text, found] = [Buffer.alloc(entryBytes), Buffer.alloc(textBytes), new BigUint64Array(1)];
    // In a thread of its own: who the system's users are may be asked over the network.
    const errno = await new Promise<number>((resolve, reject) => {
      const done = (error: Error | null, result: number): void => (error === null ? resolve(result) : reject(error));
      find.async(user, entry, text, text.length, found, done);
    });
    if (errno !== 0) throw new Error(`looking up a user of the system failed with errno ${errno}`);
    // The entry begins with where its name lies.
    return found[0] === 0n ? undefined : (koffi.decode(entry, 'char *') as string);
  };
  return { userOf, nameOf };
}
