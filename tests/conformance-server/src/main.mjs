import { readOptions } from './options.mjs';
import { startServer } from './server.mjs';

// The server lives as long as whoever started it holds on to its stdin.
const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.stdin.on('end', stop).on('close', stop).resume();

const addresses = await startServer(readOptions(process.argv.slice(2)));
process.stdout.write(`${JSON.stringify(addresses)}\n`);
