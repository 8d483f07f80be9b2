#!/usr/bin/env node
// The chaincode as a service. What it runs is built from src/ by `npm run build`.
await import('../dist/main.js');
