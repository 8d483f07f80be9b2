// What a service needs of this adapter before it knows whether it uses Fabric; it does not load gRPC.
export { fabricOptionsOf, fabricVariables, type FabricConfig } from './config.ts';
export { pinTroubles, type PinTrouble } from './endorse/lag-watch.ts';
export { fabricPools } from './fabric-options.ts';
