// fabric-shim reads its log level when it is loaded, so a test imports this first.
process.env['CORE_CHAINCODE_LOGGING_LEVEL'] ??= 'error';
