import { deflateSync, crc32 } from 'node:zlib';

/** A QR older than this is no longer handed out. */
export const QR_LIFE_MS = 5 * 60 * 1000;

/** The number of the tenant's own handset. */
export function ownNumber(tenant) {
  return tenant.phone.replace(/\D/g, '');
}

/** What WhatsApp tells of the linked account. */
export function linkedAccount(tenant) {
  return { pushname: tenant.companyName, platform: 'android' };
}

/** Linking of tenants to WhatsApp, and the events that tell of it. */
export class Linking {
  #state;
  #line;
  #chance;

  constructor({ state, line, chance }) {
    this.#state = state;
    this.#line = line;
    this.#chance = chance;
  }

  /** The link is usable. Without `silent`, the four events of a scan. */
  establish(tenant, { silent = false } = {}) {
    const phoneNumber = ownNumber(tenant);
    tenant.link = { status: 'connected', qr: null, qrAt: null };
    this.#state.recordSession(tenant, 'connected', phoneNumber);
    if (silent) return;
    const emit = (event, payload) => this.#line.emit(tenant, event, payload);
    emit('whatsapp:authenticated', {});
    emit('whatsapp:ready', { phoneNumber, clientInfo: linkedAccount(tenant) });
    emit('whatsapp:status_updated', { status: 'connected', phoneNumber, connected: true });
    emit('whatsapp:connection_completed', { success: true, phoneNumber });
  }

  /** The link is lost, and the database knows. */
  lose(tenant, reason) {
    tenant.link = { status: 'not_initialized', qr: null, qrAt: null };
    if (tenant.session) this.#state.recordSession(tenant, 'disconnected');
    this.#line.emit(tenant, 'whatsapp:disconnected', { reason });
  }

  /** The process forgot the link, as after a restart: the database lies. */
  forget(tenant) {
    tenant.link = { status: 'not_initialized', qr: null, qrAt: null };
  }

  /** WhatsApp refused the stored session. */
  fail(tenant, message) {
    this.#line.emit(tenant, 'whatsapp:auth_failure', { message });
  }

  /** A new QR; one that was waiting is worth nothing from now on. `ageMs` makes it older. */
  showQr(tenant, ageMs = 0) {
    const qr = `data:image/png;base64,${noisePng(this.#chance, 29).toString('base64')}`;
    tenant.link = { status: 'waiting_qr', qr, qrAt: Date.now() - ageMs };
    this.#state.recordSession(tenant, 'connecting');
    this.#line.emit(tenant, 'whatsapp:qr', { qr });
  }

  /** The status text; a QR past its life changes it. */
  status(tenant) {
    const { status, qrAt } = tenant.link;
    return status === 'waiting_qr' && Date.now() - qrAt > QR_LIFE_MS ? 'qr_expired' : status;
  }
}

/** A grey PNG of random black and white squares: looks like a QR, says nothing. */
function noisePng(chance, side) {
  const scale = 6;
  const squares = Array.from({ length: side * side }, () => (chance.next() < 0.5 ? 0 : 255));
  const width = side * scale;
  const rows = Buffer.alloc(width * (width + 1));
  for (let y = 0; y < width; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows[y * (width + 1) + 1 + x] = squares[Math.floor(y / scale) * side + Math.floor(x / scale)];
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  header[8] = 8;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
