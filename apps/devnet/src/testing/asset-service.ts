// Serves the asset contract with the unmodified shim, like `fabric-chaincode-node server`: node asset-service.js <host:port>.
// Runs as a separate process, since fabric-shim has another version of Fabric's protobuf messages, which conflict in one process.
import { createRequire } from 'node:module';
import { AssetContract } from './asset-contract.ts';

const require = createRequire(import.meta.url);

process.env['CORE_CHAINCODE_LOGGING_LEVEL'] ??= 'error';
process.env['CORE_CHAINCODE_LOGGING_SHIM'] ??= 'error';
const { JSONSerializer } = require('fabric-contract-api') as { readonly JSONSerializer: unknown };
const shim = require('fabric-shim') as { server(chaincode: object, options: object): { start(): Promise<void> } };
const FromContract = require('fabric-shim/lib/contract-spi/chaincodefromcontract.js') as new (
  ...parts: readonly unknown[]
) => object;
const serializers = { transaction: 'jsonSerializer', serializers: { jsonSerializer: JSONSerializer } };
const chaincode = new FromContract([AssetContract], serializers, {}, 'assets', '1.0');
await shim.server(chaincode, { ccid: 'assets_1.0:devnet', address: process.argv[2] }).start();
console.log('ready');
