export { DevelopmentNetwork, devnetLabel, type NodeAddress } from './development-network.ts';
export { devnetErrors } from './errors.ts';
export { fabricVersions, type ChaincodeOption, type FabricVersion, type NetworkOptions } from './network-options.ts';
export { parsePolicy } from './policy/policy-text.ts';
export type { SignaturePolicy } from './policy/signature-policy.ts';
