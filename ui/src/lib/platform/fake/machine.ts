/** What the stand-in answers about the machine: settings, files, WhatsApp, diagnostics. */
import {
  CommandError,
  type CommandName,
  type Commands,
  type Connection,
  type Diagnostics,
  type EventName,
  type Events,
  type OutboxItem,
  type Settings,
  type Whatsapp,
} from '../types';

type Answers = { [N in CommandName]?: (args: Commands[N]['args']) => Commands[N]['reply'] };

/** The part of the world these answers need. */
export interface Machine {
  settings: Settings;
  connection: Connection;
  whatsapp: Whatsapp;
  outbox(): OutboxItem[];
  size(): { conversations: number; messages: number };
  emit<N extends EventName>(event: N, payload: Events[N]): void;
}

export const SETTINGS: Settings = {
  locale: null,
  theme: 'system',
  density: 'comfortable',
  textScale: 1,
  notificationPrivacy: 'full',
  doNotDisturb: false,
  quietHours: null,
  notifyFailed: true,
  notifyWhatsapp: true,
  sound: true,
  closeToTray: true,
  startAtLogin: false,
  startMinimised: false,
  reduceMotion: false,
  waitMarks: [5, 60],
  showTags: true,
  undoSendSeconds: 0,
  extraCa: null,
  proxy: null,
};

export const LINKED: Whatsapp = { state: 'connected', phone: '5493874112233', qr: null, reason: null };

/** A picture that looks like a code; nobody can link a stand-in. */
export const QR = [
  'data:image/png;base64,',
  'iVBORw0KGgoAAAANSUhEUgAAACUAAAAlAQAAAADt5R2uAAAA6UlEQVR42gHeACH/AAFAnOQAAH3obdXwAEW1E20QAEU+az0Q',
  'AEUtTKUQAH1khd3wAAFVVVQAAP8NkNf4AHQvIngwAJdvko8YAJFYmKnYAEbSM1nIAIXRsPxQAM70GBNYAKCgWuJoAA5ZG97Q',
  'AFCrsXmoANctXscwAMXRcgOYALe/mHpAAGFEJKhQAC7WTOM4AHA8kMm4AA+Rul+IAF3+IniAAEbxnmIoANnC1mpIAO5mEmJI',
  'ABD3oUBQAP92W6dIAAEsEnUYAH2ck+dYAEVlwXAYAEXfHImAAEXDWufYAH35qkpIAAFgqm5AXTdXKwJVIkgAAAAASUVORK5C',
  'YII=',
].join('');

const refuse = (code: CommandError['code'], message: string, source: CommandError['source'] = 'input') =>
  new CommandError({ code, message, source, retryable: false });

const HOUR = 60 * 60_000;

function diagnostics(machine: Machine): Diagnostics {
  const now = Date.now();
  const ago = (hours: number) => new Date(now - hours * HOUR).toISOString();
  const size = machine.size();
  return {
    version: '0.1.0',
    startedAt: ago(9),
    at: new Date(now).toISOString(),
    connection: machine.connection,
    states: [
      { state: 'connecting', since: ago(9) },
      { state: 'syncing', since: ago(8.99) },
      { state: 'online', since: ago(8.9) },
      { state: 'offline', since: ago(4.9) },
      { state: 'connecting', since: ago(4.65) },
      { state: 'syncing', since: ago(4.58) },
      { state: 'online', since: ago(4.35) },
      { state: 'polling', since: ago(1.2) },
      { state: 'online', since: ago(0.9) },
    ],
    limitedUntil: machine.connection.limitedUntil,
    clockOffsetMs: 412,
    budget: { remaining: 372, backgroundUsed: 58 },
    requests: { list: { made: 84, failed: 1 }, messages: { made: 40, failed: 0 }, send: { made: 4, failed: 0 } },
    link: {
      attempts: 6,
      connects: 4,
      failures: { timeout: 2 },
      disconnects: { transport: 2, server: 1 },
      events: { new_message: 1302, stats_updated: 1288, 'whatsapp:ready': 9 },
      malformed: 0,
      foreign: 14,
    },
    store: { ...size, gaps: 1, outbox: machine.outbox().length, bytes: 48_300_000 },
  };
}

export function machineAnswers(machine: Machine): Answers {
  const tell = (whatsapp: Whatsapp) => {
    machine.whatsapp = whatsapp;
    machine.emit('whatsapp', whatsapp);
    return whatsapp;
  };
  const onlyOnline = () => {
    if (machine.connection.state !== 'online') throw refuse('offline', 'No hay conexión.', 'network');
  };
  return {
    get_settings: () => machine.settings,
    set_settings: ({ patch }) => {
      machine.settings = { ...machine.settings, ...(patch as Partial<Settings>) };
      machine.emit('settings', machine.settings);
      return machine.settings;
    },
    list_outbox: () => ({ items: machine.outbox() }),
    sync_now: () => {
      onlyOnline();
      return { ...machine.size(), requests: 3 };
    },
    whatsapp_status: () => machine.whatsapp,
    whatsapp_connect: () => {
      onlyOnline();
      queueMicrotask(() => tell({ state: 'waiting_qr', phone: null, qr: QR, reason: null }));
      return tell({ state: 'initializing', phone: null, qr: null, reason: null });
    },
    whatsapp_disconnect: () => {
      onlyOnline();
      return tell({ state: 'disconnected', phone: null, qr: null, reason: null });
    },
    diagnostics: () => diagnostics(machine),
    export_diagnostics: ({ path }) => ({ path }),
    storage_usage: () => ({
      folder: '/home/ana/.local/share/crm-condorito',
      cacheBytes: 48_300_000,
      outboxBytes: 61_440,
      mediaBytes: 311_000_000,
      logBytes: 1_200_000,
      ...machine.size(),
    }),
    export_data: ({ path }) => {
      if (path.startsWith('/root/')) throw refuse('file_unwritable', 'No se puede escribir en esa carpeta.');
      return { path, ...machine.size() };
    },
    clear_cache: () => {
      onlyOnline();
      return null;
    },
    test_backend: ({ backend }) => {
      if (!/^https?:\/\/\S+$/.test(backend)) throw refuse('invalid_backend', 'Eso no es una dirección.');
      if (/\.invalid/.test(backend)) throw refuse('unreachable', 'No se pudo llegar al servidor.', 'network');
      return { ok: true, rttMs: 42 };
    },
  };
}
