export { lockFile } from './file-lock.ts';
export { RingSocket, type TakeChunk } from './ring-socket.ts';
export { RingSockets } from './ring-sockets.ts';
export { isOwnPeer, unixPeer } from './unix-peer.ts';
