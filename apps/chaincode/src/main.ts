import { z } from 'zod';
import { chaincodeConfig } from './config.ts';
import { WatchedThread } from './watched-thread.ts';

const parsed = chaincodeConfig.safeParse(process.env);
if (!parsed.success) {
  console.error(`The configuration is wrong:\n${z.prettifyError(parsed.error)}`);
  process.exit(1);
}
const config = parsed.data;

const thread = new WatchedThread({
  file: new URL('./server-thread.js', import.meta.url),
  data: { config },
  // fabric-shim reads its log level from the environment when it is loaded.
  env: { ...process.env, CORE_CHAINCODE_LOGGING_LEVEL: config.CORE_CHAINCODE_LOGGING_LEVEL },
  blockedMs: config.CHAINCODE_BLOCKED_MS,
  onReady: () => console.log(`chaincode ${config.CHAINCODE_ID} listens on ${config.CHAINCODE_SERVER_ADDRESS}`),
  onRestart: (why) => console.error(`chaincode restarted: ${why}`),
  onFailedStart: (error) => {
    console.error(error);
    process.exit(1);
  },
});

const stop = (): void => void thread.close().then(() => process.exit(0));
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
