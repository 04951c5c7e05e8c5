import { parseArgs } from 'node:util';

const NUMBERS = {
  port: 0,
  'control-port': 0,
  limit: 500,
  'window-seconds': 900,
  'ping-interval': 25_000,
  'ping-timeout': 20_000,
  seed: 1,
  'database-skew-seconds': 0,
};

/**
 * The command line as options.
 *
 * @throws {TypeError} for an unknown option or a number that is none
 */
export function readOptions(args) {
  const numeric = Object.keys(NUMBERS).map((name) => [name, { type: 'string' }]);
  const { values } = parseArgs({
    args,
    options: {
      ...Object.fromEntries(numeric),
      'base-path': { type: 'string', default: '' },
      'shuffle-ties': { type: 'boolean', default: false },
    },
  });
  const number = (name) => {
    const value = Number(values[name] ?? NUMBERS[name]);
    if (!Number.isInteger(value)) throw new TypeError(`--${name} needs an integer`);
    return value;
  };
  return {
    port: number('port'),
    controlPort: number('control-port'),
    limit: number('limit'),
    windowSeconds: number('window-seconds'),
    pingInterval: number('ping-interval'),
    pingTimeout: number('ping-timeout'),
    seed: number('seed'),
    databaseSkewSeconds: number('database-skew-seconds'),
    basePath: values['base-path'].replace(/\/+$/, ''),
    shuffleTies: values['shuffle-ties'],
  };
}
