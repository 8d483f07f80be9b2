#!/usr/bin/env node
// Starts the chaincode as a service; `npm run build` builds it from src/.
await import('../dist/main.js');
