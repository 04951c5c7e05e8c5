import express from 'express';
import { createAuth } from './auth.mjs';
import { commonHeaders } from './headers.mjs';
import { globalError, notFound } from './replies.mjs';
import { createBot } from './rest/bot.mjs';
import { createMessages } from './rest/messages.mjs';
import { createWhatsapp } from './rest/whatsapp.mjs';

const GUARDED = [
  '/api/messages',
  '/api/contacts',
  '/api/whatsapp',
  '/api/files',
  '/api/ai',
  '/api/scheduled-messages',
  '/api/backoffice',
];
const BODY_LIMIT = '10mb';

/** The backend's HTTP side. Under a base path it looks as behind a proxy. */
export function createApp({ state, tokens, outage, line, linking, faults, limiter, journal, ties, chance, basePath }) {
  const app = express();
  const auth = createAuth({ state, tokens, outage });

  app.use(journal.record());
  app.use(commonHeaders);
  app.use('/api', limiter.count());
  app.use(express.json({ limit: BODY_LIMIT }), express.urlencoded({ limit: BODY_LIMIT, extended: true }));
  app.use(faults.intercept());

  app.get('/health', (_req, res) => {
    const timestamp = new Date().toISOString();
    res.json({ status: 'OK', timestamp, uptime: process.uptime(), environment: 'development' });
  });
  app.get('/uploads/*', (req, res, next) => {
    const file = line.file(req.path);
    if (!file) return next();
    return res.set('Cache-Control', 'public, max-age=86400').type(file.mimeType).send(file.bytes);
  });

  app.use('/api/auth', auth.router);
  app.use(GUARDED, auth.guard);
  app.use('/api/messages', createMessages({ state, line, ties }), createBot({ state }));
  app.use('/api/whatsapp', createWhatsapp({ line, linking, faults, chance }));
  app.use(notFound);
  app.use(globalError);

  app.disable('x-powered-by');
  if (basePath === '') return app;
  const proxy = express();
  proxy.disable('x-powered-by');
  proxy.use(basePath, app);
  proxy.use((_req, res) => res.status(404).type('html').send('<html><body>404</body></html>'));
  return proxy;
}
