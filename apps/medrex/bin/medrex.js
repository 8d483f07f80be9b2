#!/usr/bin/env node
// The command line installed by npm. `npm run build` builds it from src/ (npm start and npm test do so too).
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(fileURLToPath(main))) {
  console.error('medrex is not built: run `npm run build` in the repository first (npm start does so too).');
  process.exit(1);
}
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 9)) {
  console.error(
    `medrex needs Node 24.9 or newer, but this is ${process.versions.node}: use npm start, npx medrex or npm run medrex in the repository.`,
  );
  process.exit(1);
}
await import(main.href);
