export { chaincodeConfig, type ChaincodeConfig } from './config.ts';
export { chaincodeErrors } from './errors.ts';
