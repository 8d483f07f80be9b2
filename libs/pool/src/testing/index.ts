export { aName, aPolicy, PoolRig, type RigBackend, type RigClient, type RigPolicy } from './pool-rig.ts';
