export { assetChaincode } from './asset-chaincode.ts';
