export { KeyValueNetwork } from './key-value-network.ts';
export { NetworkClients } from './network-clients.ts';
export { NetworkFiles } from './network-files.ts';
export { WireProxy } from './wire-proxy.ts';
