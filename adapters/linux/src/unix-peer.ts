import { openLibc } from './libc.ts';

/** SOL_SOCKET and SO_PEERCRED, which fills struct ucred: the process, user and group id of the peer (unix(7)). */
const [socketLevel, peerCredentials] = [1, 17];
/** Buffer sizes for getpwuid_r(3): struct passwd, and the strings that it points to. */
const [entryBytes, textBytes] = [256, 65_536];

/** Look-ups in the operating system. */
interface Peers {
  /** The user id of the process at the other end of a Unix socket. */
  readonly userOf: (descriptor: number) => number;
  /** The name of a user id; undefined: it has none. */
  readonly nameOf: (user: number) => Promise<string | undefined>;
}

let opened: Peers | undefined;

/**
 * The name of the operating-system user whose process is at the other end of a Unix socket, which Node does not offer. Undefined: the user
 * id has no name.
 *
 * @throws Error the look-up failed, or this machine does not run Linux
 */
export async function unixPeer(descriptor: number): Promise<string | undefined> {
  opened ??= open();
  return opened.nameOf(opened.userOf(descriptor));
}

/** Whether the process at the other end of a Unix socket runs as the same operating-system user as this one. @throws Error as `unixPeer` */
export function isOwnPeer(descriptor: number): boolean {
  opened ??= open();
  return opened.userOf(descriptor) === process.getuid?.();
}

function open(): Peers {
  if (process.platform !== 'linux')
    throw new Error(`the user of a Unix socket's peer is known on Linux only, this is ${process.platform}`);
  const { koffi, libc } = openLibc();
  const getsockopt = libc.func('int getsockopt(int socket, int level, int option, void *value, void *bytes)');
  const getpwuid = libc.func('int getpwuid_r(uint32 user, void *entry, void *text, size_t bytes, void *found)');
  const userOf = (descriptor: number): number => {
    const [credentials, bytes] = [new Uint32Array(3), Uint32Array.of(12)];
    if (getsockopt(descriptor, socketLevel, peerCredentials, credentials, bytes) !== 0)
      throw new Error(`getsockopt(SO_PEERCRED) failed with errno ${koffi.errno()}`);
    return credentials[1] ?? 0;
  };
  const nameOf = async (user: number): Promise<string | undefined> => {
    const [entry, text, found] = [Buffer.alloc(entryBytes), Buffer.alloc(textBytes), new BigUint64Array(1)];
    // In koffi's thread pool: the look-up may go over the network (LDAP, NIS).
    const errno = await new Promise<number>((resolve, reject) => {
      const done = (error: Error | null, result: number): void => (error === null ? resolve(result) : reject(error));
      getpwuid.async(user, entry, text, text.length, found, done);
    });
    if (errno !== 0) throw new Error(`looking up the name of a user id failed with errno ${errno}`);
    // The first field of struct passwd is the pointer to the name.
    return found[0] === 0n ? undefined : (koffi.decode(entry, 'char *') as string);
  };
  return { userOf, nameOf };
}
