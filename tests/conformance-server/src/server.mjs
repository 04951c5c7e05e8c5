import { once } from 'node:events';
import http from 'node:http';
import { createApp } from './app.mjs';
import { createChance } from './chance.mjs';
import { createControl } from './control.mjs';
import { Entrance } from './entrance.mjs';
import { Faults } from './faults.mjs';
import { Journal } from './journal.mjs';
import { Limiter } from './limiter.mjs';
import { Line } from './line.mjs';
import { Linking } from './link.mjs';
import { Ties } from './rest/messages.mjs';
import { Sockets } from './sockets.mjs';
import { State } from './state.mjs';
import { Tokens } from './tokens.mjs';

const HOST = '127.0.0.1';

/** Starts the double and its control port; `options` as in options.mjs. */
export async function startServer(options) {
  const chance = createChance(options.seed);
  const outage = { on: false };
  const state = new State({ chance, databaseSkewSeconds: options.databaseSkewSeconds });
  const tokens = new Tokens();
  const faults = new Faults();
  const journal = new Journal();
  const limiter = new Limiter({ max: options.limit, windowSeconds: options.windowSeconds });
  const ties = new Ties({ chance, shuffled: options.shuffleTies });

  let app;
  // Socket.IO wraps the listener it finds, and takes its own path from it.
  const httpServer = http.createServer((req, res) => app(req, res));
  const sockets = new Sockets({ httpServer, ...options });
  const line = new Line({ state, sockets, chance });
  const linking = new Linking({ state, line, chance });
  const parts = { state, tokens, outage, faults, journal, limiter, ties, sockets, line, linking, chance };

  app = createApp({ ...parts, ...options });
  httpServer.listen(0, HOST);
  await once(httpServer, 'listening');

  const entrance = new Entrance(httpServer.address().port);
  await entrance.open(options.port);
  const control = createControl({ ...parts, entrance });
  control.listen(options.controlPort, HOST);
  await once(control, 'listening');

  return {
    url: `http://${HOST}:${entrance.port}`,
    control: `http://${HOST}:${control.address().port}`,
  };
}
