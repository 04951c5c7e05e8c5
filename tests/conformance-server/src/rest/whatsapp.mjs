import express from 'express';
import multer from 'multer';
import { iso, pause } from '../clock.mjs';
import { badGateway, drop } from '../faults.mjs';
import { QR_LIFE_MS, linkedAccount, ownNumber } from '../link.mjs';
import { refuse } from '../replies.mjs';
import { allMessages, sumOver } from '../shapes.mjs';

const MAX_FILE_BYTES = 10 * 1024 * 1024;
const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];
const DOCUMENTS = [
  'application/pdf',
  'application/msword',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
];
/** The texts a client may have to recognise, since no code tells them apart. */
const NOT_LINKED = 'Cliente de WhatsApp no está conectado';
const FIELDS_MISSING = 'Número de destino y mensaje son requeridos';

/** `/api/whatsapp`: sending and the link. */
export function createWhatsapp({ line, linking, faults, chance }) {
  const router = express.Router();

  router.post('/send-message', async (req, res) => {
    const { to, message, isBot = false } = req.body;
    if (!to || !message) return refuse(res, 400, FIELDS_MISSING);
    if (!line.isLinked(req.tenant)) return refuse(res, 400, NOT_LINKED);
    return withSendFault(req, res, {
      failure: 'No se pudo enviar el mensaje',
      to,
      send: (lost) => (isBot
        ? line.sendAsBot(req.tenant, { to, text: message })
        : line.sendText(req.tenant, { to, text: message, ...lost })),
      answer: ({ messageId, address }) => ({
        success: true,
        message: 'Mensaje enviado',
        messageId,
        to: address,
        isBot,
      }),
    });
  });

  router.post('/send-image', upload('image'), async (req, res) => {
    if (!req.file) return refuse(res, 400, 'Falta la imagen');
    const { to, caption } = req.body;
    if (!to) return refuse(res, 400, 'Falta el número de destino');
    if (!line.isLinked(req.tenant)) return refuse(res, 400, NOT_LINKED);
    const extension = req.file.originalname.split('.').pop();
    // The server's temporary name is what the receiver and the echo get.
    const fileName = `image-${Date.now()}-${chance.text(9, '0123456789')}.${extension}`;
    return withSendFault(req, res, {
      failure: 'No se pudo enviar la imagen',
      to,
      send: (lost) => line.sendFile(req.tenant, { to, kind: 'image', caption, fileName, ...contentOf(req.file), ...lost }),
      answer: ({ messageId, address }) => ({
        success: true,
        message: 'Imagen enviada',
        messageId,
        timestamp: Math.floor(Date.now() / 1000),
        to: address,
        type: 'image',
      }),
    });
  });

  router.post('/send-document', upload('document'), async (req, res) => {
    if (!req.file) return refuse(res, 400, 'Falta el documento');
    const { to, caption } = req.body;
    if (!to) return refuse(res, 400, 'Falta el número de destino');
    if (IMAGES.includes(req.file.mimetype)) return refuse(res, 400, 'Ese tipo de archivo no se admite como documento');
    if (!line.isLinked(req.tenant)) return refuse(res, 400, NOT_LINKED);
    // Names outside ASCII come out garbled unless sent as `filename*`: the
    // form parser reads the plain parameter as Latin-1, as the backend's does.
    const fileName = req.file.originalname;
    return withSendFault(req, res, {
      failure: 'No se pudo enviar el documento',
      to,
      send: (lost) => line.sendFile(req.tenant, { to, kind: 'document', caption, fileName, ...contentOf(req.file), ...lost }),
      answer: ({ messageId, address }) => ({
        success: true,
        message: 'Documento enviado',
        messageId,
        timestamp: new Date().toISOString(),
        to: address,
        type: 'document',
        filename: fileName,
        size: req.file.size,
      }),
    });
  });

  /** One send, through the fault that is next in the queue, if any. */
  async function withSendFault(req, res, { failure, to, send, answer }) {
    const fault = faults.takeSend();
    const mode = fault?.mode;
    const failed = (error) => res.status(500).json({ success: false, message: failure, error: error.message });
    try {
      if (mode === '400') return refuse(res, 400, 'El número de destino no es válido');
      if (mode === 'slow') await pause(fault.delayMs);
      else if (mode === '500-before') line.prepareSend(req.tenant, to);
      if (isBefore(mode)) return await spoil(res, fault, failed);
      const result = send({ echo: mode !== 'no-echo' && (fault?.echo ?? true), store: fault?.store ?? true });
      if (isAfter(mode)) return await spoil(res, fault, failed);
      return res.json(answer(result));
    } catch (error) {
      return failed(error);
    }
  }

  router.get('/status', (req, res) => {
    const { tenant } = req;
    const status = linking.status(tenant);
    const number = ownNumber(tenant);
    const linked = status === 'connected';
    const connected = {
      connected: { server: 'c.us', user: number, _serialized: `${number}@c.us` },
      not_initialized: false,
    }[status];
    res.json({
      success: true,
      status,
      // Neither while a QR waits: undefined is left out of the JSON.
      connected,
      hasQR: status === 'waiting_qr',
      phoneNumber: linked ? number : null,
      clientInfo: linked ? linkedAccount(tenant) : null,
      session: sessionShape(tenant),
      stats: sessionStatsShape(tenant),
    });
  });

  router.post('/connect', (req, res) => {
    const { tenant } = req;
    if (line.isLinked(tenant)) {
      return res.json({
        success: true,
        message: 'WhatsApp ya está conectado',
        status: 'connected',
        phoneNumber: ownNumber(tenant),
        clientInfo: linkedAccount(tenant),
      });
    }
    // A recent link of which only the process knows nothing needs no QR.
    const restored = tenant.session?.status === 'connected';
    setTimeout(() => (restored ? linking.establish(tenant) : linking.showQr(tenant)), 20);
    return res.json({
      success: true,
      message: restored ? 'WhatsApp conectado' : 'A la espera del QR',
      status: restored ? 'connected' : 'initializing',
      phoneNumber: null,
      hasQR: false,
      timestamp: new Date().toISOString(),
    });
  });

  router.post('/disconnect', (req, res) => {
    const { tenant } = req;
    if (tenant.link.status !== 'not_initialized') linking.lose(tenant, 'manual_disconnect');
    res.json({ success: true, message: 'WhatsApp desconectado', status: 'disconnected' });
  });

  router.get('/qr-json/:clientCode', withQr((tenant, res) => {
    const { qr, qrAt } = tenant.link;
    res.json({ success: true, qrCode: qr, timestamp: iso(qrAt), expiresIn: qrAt + QR_LIFE_MS - Date.now() });
  }));

  router.get('/qr/:clientCode', withQr((tenant, res) => {
    res.set('Cache-Control', 'no-cache, no-store, must-revalidate');
    res.type('png').send(Buffer.from(tenant.link.qr.split(',')[1], 'base64'));
  }));

  function withQr(show) {
    return (req, res) => {
      const { tenant } = req;
      if (req.params.clientCode !== tenant.code) return refuse(res, 403, 'El código es de otra cuenta');
      const status = linking.status(tenant);
      if (status === 'qr_expired') return refuse(res, 410, 'El QR venció', { hasQR: false, expired: true });
      if (status !== 'waiting_qr') return refuse(res, 404, 'Todavía no hay QR', { hasQR: false });
      return show(tenant, res);
    };
  }

  return router;
}

function isBefore(mode) {
  return mode === '502-html' || Boolean(mode?.endsWith('-before'));
}

function isAfter(mode) {
  return Boolean(mode?.endsWith('-after'));
}

/** What the caller gets to see instead of the answer. */
async function spoil(res, { mode, delayMs }, failed) {
  await pause(delayMs);
  if (mode.startsWith('500')) return failed(new Error('falla pedida'));
  if (mode.startsWith('502')) return badGateway(res);
  if (mode.startsWith('drop')) return drop(res);
  // A stall answers nothing; with a delay it ends by hanging up.
  return delayMs > 0 ? drop(res) : undefined;
}

function contentOf(file) {
  return { bytes: file.buffer, mimeType: file.mimetype };
}

class FileRefused extends Error {}

/** One file in the named field; a wrong field name goes to the global handler. */
function upload(field) {
  const parse = multer({
    storage: multer.memoryStorage(),
    limits: { fileSize: MAX_FILE_BYTES },
    fileFilter: (_req, file, done) => {
      const admitted = [...IMAGES, ...DOCUMENTS].includes(file.mimetype);
      done(admitted ? null : new FileRefused(), admitted);
    },
  }).single(field);
  return (req, res, next) => {
    parse(req, res, (error) => {
      if (error instanceof FileRefused) return refuse(res, 400, 'Ese tipo de archivo no se admite');
      if (error?.code === 'LIMIT_FILE_SIZE') return refuse(res, 400, 'El archivo pasa de 10 MB');
      return next(error);
    });
  };
}

function sessionShape({ code, session }) {
  if (!session) return null;
  return {
    ...sessionCore(code, session),
    is_active: session.status === 'connected',
    is_connecting: session.status === 'connecting',
  };
}

function sessionCore(code, session) {
  return {
    session_id: code,
    phone_number: session.phoneNumber,
    status: session.status,
    connected_at: iso(session.connectedAt),
    last_activity: iso(session.lastActivity),
  };
}

function sessionStatsShape(tenant) {
  const { code, session } = tenant;
  if (!session) return null;
  const messages = allMessages(tenant);
  const sum = sumOver(tenant, messages);
  return {
    ...sessionCore(code, session),
    total_conversations: tenant.conversations.size,
    total_messages: messages.length,
    manual_messages: sum((message) => message.senderType === 'client'),
    bot_messages: sum((message) => message.senderType === 'bot'),
    received_messages: sum((message) => message.senderType === 'contact'),
  };
}
