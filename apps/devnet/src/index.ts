export { DevelopmentNetwork, type NodeAddress } from './development-network.ts';
export { devnetLabel } from './devnet-label.ts';
export { devnetErrors } from './errors.ts';
export { fabricVersions, type ChaincodeOption, type FabricVersion, type NetworkOptions } from './network-options.ts';
export { parsePolicy } from './policy/policy-text.ts';
export type { SignaturePolicy } from './policy/signature-policy.ts';
