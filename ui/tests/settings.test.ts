import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { CommandError, type Settings } from '$lib/platform';
import type { FakeWorld } from '$lib/platform/fake/world';
import { timeOfDay } from '$features/settings/timeOfDay';
import { preferences } from '$lib/state/preferences.svelte';
import { SETTINGS_PAGES, type SettingsPage } from '$lib/state/views.svelte';
import { accessible, callsOf, row, start, type User } from './app';

const refusal = (code: string, message: string) => new CommandError({ code, message, source: 'store', retryable: false });

async function openPage(page: SettingsPage, prepare?: (world: FakeWorld) => void): Promise<{ world: FakeWorld; user: User }> {
  const { world, user } = start({}, prepare);
  await row(1);
  await user.click(screen.getByTestId('nav-settings'));
  await user.click(await screen.findByTestId(`settings-${page}`));
  await screen.findByTestId('settings-page');
  return { world, user };
}

const patches = (world: FakeWorld) => callsOf(world, 'set_settings').map((args) => (args as { patch: Partial<Settings> }).patch);

describe('every page of the settings', () => {
  test.each(SETTINGS_PAGES)('%s is accessible', async (page) => {
    await openPage(page);
    await waitFor(() => expect(screen.queryByText('Cargando')).toBeNull());
    await accessible();
  });

  test('is reached with the arrows, and left with Esc', async () => {
    const { user } = await openPage('account');
    screen.getByTestId('settings-account').focus();
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(screen.getByTestId('settings-notifications')).toHaveFocus();
    expect(screen.getByRole('heading', { level: 2, name: 'Notificaciones' })).toBeInTheDocument();
    await user.keyboard('{End}');
    expect(screen.getByRole('heading', { level: 2, name: 'Acerca de' })).toBeInTheDocument();
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('settings-page')).toBeNull();
    await row(1);
  });
});

describe('looks', () => {
  test('apply at once, are kept by the core, and are told to the shell', async () => {
    const { world, user } = await openPage('look');
    await user.click(within(screen.getByTestId('theme-dark')).getByRole('radio'));
    await user.click(screen.getByLabelText('Compacta'));
    await user.selectOptions(screen.getByTestId('setting-text-size'), '2');
    await user.click(screen.getByTestId('setting-motion'));
    await user.click(screen.getByTestId('setting-tags'));
    await user.selectOptions(screen.getByTestId('setting-marks'), '10,30');
    await user.selectOptions(screen.getByTestId('setting-language'), 'en');

    const root = document.documentElement;
    expect(root.dataset).toMatchObject({ theme: 'dark', density: 'compact', motion: 'less' });
    expect(root.style.getPropertyValue('--text-scale')).toBe('2');
    expect(screen.getByText('Less motion')).toBeInTheDocument();
    expect(world.settings).toMatchObject({
      locale: 'en',
      theme: 'dark',
      density: 'compact',
      textScale: 2,
      reduceMotion: true,
      showTags: false,
      waitMarks: [10, 30],
    });
    await waitFor(() => expect(world.look).toEqual({ theme: 'dark', locale: 'en' }));
    await accessible();
  });

  test('what the core refuses goes back, with the reason beside it', async () => {
    const { world, user } = await openPage('look');
    world.failures.set('set_settings', refusal('disk_full', 'No queda lugar en el disco.'));
    await user.click(screen.getByLabelText('Compacta'));
    expect(await screen.findByRole('alert')).toHaveTextContent('No queda lugar en el disco.');
    expect(preferences.density).toBe('comfortable');
    expect(screen.getByLabelText('Cómoda')).toBeChecked();
    await user.click(screen.getByLabelText('Compacta'));
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
  });

  test('come from the core, also when they change there, and nonsense in them does no harm', async () => {
    const { world } = start({}, (fake) => {
      fake.settings = { ...fake.settings, locale: 'pt', theme: 'neon' as 'dark', textScale: 40, waitMarks: [9, 3] };
    });
    await row(1);
    expect(preferences.locale).toBe('pt');
    expect(preferences.theme).toBe('system');
    expect(preferences.textScale).toBe(1);
    expect(preferences.waitMarks).toEqual([5, 60]);
    expect(document.documentElement.lang).toBe('pt-BR');
    world.emit('settings', { ...world.settings, theme: 'dark', textScale: 1.5 });
    expect(document.documentElement.dataset.theme).toBe('dark');
    expect(preferences.textScale).toBe(1.5);
  });
});

describe('notifications', () => {
  test('show what each degree of privacy shows', async () => {
    const { world, user } = await openPage('notifications');
    const example = screen.getByTestId('notification-example');
    expect(example).toHaveTextContent('Lucía Ferreyra');
    expect(example).toHaveTextContent('dos cajas');
    await user.click(screen.getByLabelText('Solo el nombre'));
    expect(example).toHaveTextContent('Lucía Ferreyra');
    expect(example).not.toHaveTextContent('dos cajas');
    await user.click(screen.getByLabelText('Nada'));
    expect(example).not.toHaveTextContent('Lucía');
    expect(patches(world)).toEqual([{ notificationPrivacy: 'name' }, { notificationPrivacy: 'none' }]);
  });

  test('are silenced by hand and by hours that cross midnight', async () => {
    const { world, user } = await openPage('notifications');
    await user.click(screen.getByTestId('setting-quiet'));
    await user.click(screen.getByTestId('setting-hours'));
    const from = await screen.findByTestId('setting-hours-from');
    expect(screen.getByText('del día siguiente')).toBeInTheDocument();
    await user.clear(from);
    await user.type(from, '99{Tab}');
    expect(await screen.findByRole('alert')).toHaveTextContent('Escribila así: 20:30.');
    await user.clear(from);
    await user.type(from, '6{Tab}');
    await waitFor(() => expect(world.settings.quietHours).toEqual({ from: '06:00', to: '08:00' }));
    expect(screen.queryByText('del día siguiente')).toBeNull();
    expect(world.settings.doNotDisturb).toBe(true);
    await user.click(screen.getByTestId('setting-hours'));
    expect(world.settings.quietHours).toBeNull();
    for (const name of ['sound', 'notify-failed', 'notify-whatsapp']) await user.click(screen.getByTestId(`setting-${name}`));
    expect(world.settings).toMatchObject({ sound: false, notifyFailed: false, notifyWhatsapp: false });
    await accessible();
  });

  test('list who is muted, and let them be heard again', async () => {
    const { world, user } = start({ conversations: 700 });
    await row(1);
    await world.call('mute', { conversationId: 6, minutes: null });
    await world.call('mute', { conversationId: 650, minutes: 60 });
    await user.click(screen.getByTestId('nav-settings'));
    await user.click(await screen.findByTestId('settings-notifications'));
    await waitFor(() => expect(screen.getAllByTestId('muted-row')).toHaveLength(2));
    const rows = screen.getAllByTestId('muted-row');
    const raul = rows.find((element) => element.textContent.includes('Kiosco Don Raúl')) as HTMLElement;
    expect(raul).toHaveTextContent('siempre');
    await accessible();
    await user.click(within(raul).getByRole('button', { name: 'Volver a avisar' }));
    expect(callsOf(world, 'unmute')).toEqual([{ conversationId: 6 }]);
    await waitFor(() => expect(screen.getAllByTestId('muted-row')).toHaveLength(1));
  });
});

test.each([
  ['8', '08:00'],
  ['8.30', '08:30'],
  ['0830', '08:30'],
  ['20:15', '20:15'],
  [' 7h05 ', '07:05'],
  ['24:00', null],
  ['12:60', null],
  ['', null],
  ['ocho', null],
])('«%s» is the time %s', (typed, time) => expect(timeOfDay(typed)).toBe(time));

test('starting without a window needs starting with the machine', async () => {
  const { world, user } = await openPage('window');
  expect(screen.getByTestId('setting-minimised')).toBeDisabled();
  await user.click(screen.getByTestId('setting-start'));
  await user.click(screen.getByTestId('setting-minimised'));
  await user.click(screen.getByTestId('setting-tray'));
  expect(world.settings).toMatchObject({ startAtLogin: true, startMinimised: true, closeToTray: false });
});

describe('the connection', () => {
  test('goes through the proxy and trusts the certificate that are set, and can be tried', async () => {
    const { world, user } = await openPage('connection');
    await user.selectOptions(screen.getByTestId('setting-proxy'), 'own');
    await user.type(screen.getByTestId('setting-proxy-address'), 'http://proxy.example:3128{Enter}');
    await user.type(screen.getByTestId('setting-ca'), '/etc/empresa.pem');
    await user.tab();
    await waitFor(() => expect(world.settings).toMatchObject({ proxy: 'http://proxy.example:3128', extraCa: '/etc/empresa.pem' }));
    await user.click(screen.getByTestId('test-backend'));
    await waitFor(() => expect(screen.getByTestId('test-result')).toHaveTextContent('El servidor responde en 42 ms.'));
    expect(callsOf(world, 'test_backend')).toEqual([
      { backend: 'https://crm.loscardones.example', proxy: 'http://proxy.example:3128', extraCa: '/etc/empresa.pem' },
    ]);
    await accessible();

    world.failures.set('test_backend', refusal('untrusted', 'El certificado no es de confianza.'));
    await user.click(screen.getByTestId('test-backend'));
    await waitFor(() => expect(screen.getByTestId('test-result')).toHaveTextContent('El certificado no es de confianza.'));
    await user.selectOptions(screen.getByTestId('setting-proxy'), 'none');
    expect(world.settings.proxy).toBe('direct');
    await user.selectOptions(screen.getByTestId('setting-proxy'), 'system');
    expect(world.settings.proxy).toBeNull();
  });

  test('takes a certificate that is chosen, and says when none can be chosen', async () => {
    const { world, user } = await openPage('connection');
    world.chosenPath = '/home/ana/empresa.pem';
    await user.click(screen.getByTestId('setting-ca-choose'));
    await waitFor(() => expect(world.settings.extraCa).toBe('/home/ana/empresa.pem'));
    expect(screen.getByTestId('setting-ca')).toHaveValue('/home/ana/empresa.pem');
    world.chooseOpenPath = () => Promise.reject(refusal('internal', 'No hay con qué elegir.'));
    await user.click(screen.getByTestId('setting-ca-choose'));
    expect(await screen.findByRole('alert')).toHaveTextContent('No hay con qué elegir.');
  });

  test('a refused proxy stands beside its field', async () => {
    const { world, user } = await openPage('connection');
    await user.selectOptions(screen.getByTestId('setting-proxy'), 'own');
    world.failures.set('set_settings', refusal('invalid_input', 'Eso no es un proxy.'));
    await user.type(screen.getByTestId('setting-proxy-address'), 'x{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent('Eso no es un proxy.');
    expect(screen.getByTestId('setting-proxy-address')).toBeInvalid();
  });

  test('of the demo has nothing to try', async () => {
    await openPage('connection', (world) => (world.session = { ...world.session, backend: 'demo' }));
    expect(screen.getByTestId('settings-page')).toHaveTextContent('Datos de ejemplo');
    expect(screen.queryByTestId('test-backend')).toBeNull();
  });
});

describe('data', () => {
  test('is measured, exported to the path that is typed, and emptied after a yes', async () => {
    const { world, user } = await openPage('data');
    expect(await screen.findByText('48 MB')).toBeInTheDocument();
    expect(screen.getByText('/home/ana/.local/share/crm-condorito')).toBeInTheDocument();

    const path = screen.getByTestId('export-data-path');
    expect(path).toHaveValue('/home/ana/.local/share/crm-condorito/condorito-cardones.json');
    await user.clear(path);
    await user.click(screen.getByTestId('export-data'));
    expect(await screen.findByRole('alert')).toHaveTextContent('Falta la ruta del archivo.');
    await user.type(path, '/root/x.json');
    await user.click(screen.getByTestId('export-data'));
    await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('No se puede escribir en esa carpeta.'));
    await user.clear(path);
    await user.type(path, '/tmp/x.json');
    await user.click(screen.getByTestId('export-data'));
    await waitFor(() => expect(screen.getByTestId('export-data-done')).toHaveTextContent(/Listo: 11 conversaciones y [\d.]+ mensajes en \/tmp\/x\.json/));

    await user.click(screen.getByTestId('clear-cache'));
    const dialog = await screen.findByRole('dialog');
    expect(dialog).toHaveTextContent('Los borradores y lo que no se envió quedan.');
    expect(within(dialog).getByRole('button', { name: 'Cancelar' })).toHaveFocus();
    expect(callsOf(world, 'clear_cache')).toEqual([]);
    await user.click(screen.getByTestId('clear-cache-confirm'));
    await waitFor(() => expect(screen.getByText('Listo. Se está trayendo todo de nuevo.')).toBeInTheDocument());
    expect(callsOf(world, 'clear_cache')).toHaveLength(1);
    await accessible();
  });

  test('goes where the operator chooses, and stays where it was when they think better of it', async () => {
    const { world, user } = await openPage('data');
    const path = await screen.findByTestId('export-data-path');
    const suggested = '/home/ana/.local/share/crm-condorito/condorito-cardones.json';
    world.chosenPath = null;
    await user.click(screen.getByTestId('export-data-path-choose'));
    await waitFor(() => expect(world.suggested).toEqual([suggested]));
    expect(path).toHaveValue(suggested);
    world.chosenPath = '/home/ana/copia.json';
    await waitFor(() => expect(screen.getByTestId('export-data-path-choose')).toBeEnabled());
    await user.click(screen.getByTestId('export-data-path-choose'));
    await waitFor(() => expect(path).toHaveValue('/home/ana/copia.json'));
    await user.click(screen.getByTestId('export-data'));
    await waitFor(() => expect(callsOf(world, 'export_data')).toEqual([{ path: '/home/ana/copia.json' }]));
    await accessible();
  });

  test('cannot be emptied offline, and says so', async () => {
    const { world, user } = await openPage('data');
    world.setConnection('offline');
    await user.click(screen.getByTestId('clear-cache'));
    await user.click(await screen.findByTestId('clear-cache-confirm'));
    expect(await screen.findByText('No hay conexión.')).toBeInTheDocument();
  });
});

describe('signing out', () => {
  test('asks first, with the safe button in focus, and tells what waits', async () => {
    const { world, user } = await openPage('account');
    await user.click(screen.getByTestId('sign-out'));
    const dialog = await screen.findByRole('dialog');
    expect(dialog).toHaveTextContent('¿Cerrar la sesión?');
    await waitFor(() => expect(screen.getByTestId('sign-out-unsent')).toHaveTextContent(/Quedan \d mensajes sin enviar: salen/));
    expect(within(dialog).getByRole('button', { name: 'Cancelar' })).toHaveFocus();
    await accessible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await user.click(screen.getByTestId('sign-out'));
    await user.click(await screen.findByTestId('sign-out-confirm'));
    expect(await screen.findByTestId('login-submit')).toBeInTheDocument();
    expect(callsOf(world, 'logout')).toEqual([{ wipe: false }]);
  });

  test('and removing everything tells what is lost', async () => {
    const { world, user } = await openPage('account');
    await user.click(screen.getByTestId('sign-out-and-wipe'));
    expect(await screen.findByRole('dialog')).toHaveTextContent('Se borran los mensajes guardados acá, los borradores');
    await waitFor(() => expect(screen.getByTestId('sign-out-unsent')).toHaveTextContent(/Se pierden \d mensajes sin enviar/));
    expect(screen.getByTestId('sign-out-wipe')).toBeChecked();
    await user.click(screen.getByTestId('sign-out-confirm'));
    await screen.findByTestId('login-submit');
    expect(callsOf(world, 'logout')).toEqual([{ wipe: true }]);
  });
});

describe('diagnostics', () => {
  test('show the counters and nothing of a customer, and are copied and exported', async () => {
    const { world, user } = await openPage('diagnostics');
    const page = screen.getByTestId('settings-page');
    await waitFor(() => expect(page).toHaveTextContent('128 usados'));
    expect(page).toHaveTextContent(/En línea 7 h/);
    expect(page).toHaveTextContent('Sin conexión 15 min');
    expect(page).not.toHaveTextContent(/Marta|Cardones|549387/);
    const written = vi.spyOn(navigator.clipboard, 'writeText');
    await user.click(screen.getByTestId('diagnostics-copy'));
    expect(await screen.findByTestId('notice')).toHaveTextContent('Diagnóstico copiado.');
    expect(JSON.parse(written.mock.calls[0]?.[0] ?? '{}')).toMatchObject({ version: '0.1.0', budget: { remaining: 372 } });
    await user.click(screen.getByTestId('export-diagnostics-path-choose'));
    await waitFor(() => expect(world.suggested).toHaveLength(1));
    await waitFor(() => expect(screen.getByTestId('export-diagnostics-path')).toHaveValue(world.chosenPath));
    await user.click(screen.getByTestId('export-diagnostics'));
    await waitFor(() => expect(screen.getByTestId('export-diagnostics-done')).toHaveTextContent('/home/ana/Documentos/elegido'));
    expect(callsOf(world, 'export_diagnostics')).toHaveLength(1);
  });

  test('that cannot be read say why', async () => {
    const { world, user } = await openPage('look');
    world.failures.set('diagnostics', refusal('store_fault', 'No se pudieron leer.'));
    await user.click(screen.getByTestId('settings-diagnostics'));
    expect(await screen.findByRole('alert')).toHaveTextContent('No se pudieron leer.');
    await user.click(screen.getByRole('button', { name: 'Reintentar' }));
    await waitFor(() => expect(screen.getByTestId('settings-page')).toHaveTextContent('128 usados'));
  });
});

test('about names the version and the licence of every package', async () => {
  await openPage('about');
  await waitFor(() => expect(screen.getByTestId('version')).toHaveTextContent('Versión 0.1.0'));
  const licences = await screen.findByTestId('licences');
  const lines = licences.textContent.split('\n');
  expect(lines.length).toBeGreaterThan(100);
  for (const line of lines) expect(line).toMatch(/^\S+ \d\S* · \S/);
  for (const name of ['svelte', 'tauri', 'rusqlite']) expect(lines.some((line) => line.startsWith(`${name} `))).toBe(true);
});
