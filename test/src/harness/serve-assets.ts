// Serves an asset contract like that of the Fabric samples: node serve-assets.js <host:port> <package id> <how>, where <how> is plain
// (unchanged), fused (with executeBatch) or desk (a contract that calls it). Runs as a separate process, since fabric-shim has
// another version of Fabric's protobuf messages.
process.env['CORE_CHAINCODE_LOGGING_LEVEL'] = 'error';
const { serveContracts, withExecuteBatch } = await import('@medrex/fabric-contract');
const { AssetDesk, AssetTransfer } = await import('@medrex/fabric-contract/testing');

const [, , address = '', chaincodeId = '', how] = process.argv;
const contracts = { plain: AssetTransfer, fused: withExecuteBatch(AssetTransfer), desk: AssetDesk };
await serveContracts([contracts[how as keyof typeof contracts]], { address, chaincodeId });
console.log('ready');
