import axe from 'axe-core';
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import App from '../src/App.svelte';
import { CommandError } from '$lib/platform';
import { connectionOf, FakeWorld } from '$lib/platform/fake/world';
import { preferences } from '$lib/state/preferences.svelte';

function start(options: ConstructorParameters<typeof FakeWorld>[0] = {}, prepare?: (world: FakeWorld) => void) {
  const world = new FakeWorld(options);
  world.settings = { ...world.settings, locale: 'es' };
  prepare?.(world);
  const user = userEvent.setup({ pointerEventsCheck: 0 });
  render(App, { platform: world });
  return { world, user };
}

const row = (id: number) => waitFor(() => {
  const found = screen.getAllByTestId('conversation-row').find((element) => element.dataset.id === String(id));
  expect(found).toBeDefined();
  return found as HTMLElement;
});

async function open(user: ReturnType<typeof userEvent.setup>, id: number) {
  await user.click(await row(id));
  await screen.findByTestId('composer');
  await waitFor(() => expect(screen.getAllByTestId('message').length).toBeGreaterThan(0));
}

const composer = () => screen.getByTestId<HTMLTextAreaElement>('composer');
const callsOf = (world: FakeWorld, name: string) => world.calls.filter((call) => call.name === name).map(({ args }) => args);

/** What a machine can tell of accessibility without layout; contrast is settled by the tokens. */
async function accessible() {
  const { violations } = await axe.run(document.body, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([]);
}

describe('signing in', () => {
  test('keeps the fields and says what is wrong, then lets in', async () => {
    const { world, user } = start({ signedIn: false });
    await user.type(await screen.findByTestId('login-code'), 'cardones');
    await user.type(screen.getByTestId('login-password'), 'equivocada');
    await user.click(screen.getByTestId('login-submit'));

    expect(await screen.findByTestId('login-error')).toHaveTextContent('El código o la contraseña no coinciden.');
    expect(screen.getByTestId('login-code')).toHaveValue('cardones');
    expect(screen.getByTestId('login-password')).toHaveFocus();

    await user.clear(screen.getByTestId('login-password'));
    await user.type(screen.getByTestId('login-password'), 'condor{Enter}');

    await row(1);
    expect(callsOf(world, 'login').at(-1)).toEqual({
      clientCode: 'cardones',
      password: 'condor',
      remember: true,
      backend: 'https://crm.loscardones.example',
    });
  });

  test('asks nothing of the server while something is missing', async () => {
    const { world, user } = start({ signedIn: false });
    await user.click(await screen.findByTestId('login-submit'));
    expect(await screen.findByTestId('login-error')).toHaveTextContent('Falta el código');
    await user.type(screen.getByTestId('login-code'), 'cardones');
    await user.click(screen.getByTestId('login-submit'));
    expect(screen.getByTestId('login-error')).toHaveTextContent('Falta la contraseña');
    expect(callsOf(world, 'login')).toEqual([]);
  });

  test.each([
    ['unreachable', 'No se pudo llegar al servidor.'],
    ['account_inactive', 'La cuenta de la empresa no está activa.'],
    ['not_condorito', 'En esa dirección no hay un CRM Condorito.'],
    ['rate_limited', 'El servidor pide una pausa.'],
    ['keyring_locked', 'El llavero está bloqueado.'],
  ])('%s is put in words', async (code, words) => {
    const { world, user } = start({ signedIn: false });
    world.failures.set('login', new CommandError({ code, message: 'El llavero está bloqueado.', source: 'server', retryable: true }));
    await user.type(await screen.findByTestId('login-code'), 'cardones');
    await user.type(screen.getByTestId('login-password'), 'condor{Enter}');
    expect(await screen.findByTestId('login-error')).toHaveTextContent(words);
  });

  test('shows and hides the password, and enters the demo', async () => {
    const { world, user } = start({ signedIn: false });
    const password = await screen.findByTestId('login-password');
    await user.click(screen.getByRole('button', { name: 'Mostrar la contraseña' }));
    expect(password).toHaveAttribute('type', 'text');
    await user.click(screen.getByRole('button', { name: 'Ocultar la contraseña' }));
    expect(password).toHaveAttribute('type', 'password');

    await user.click(screen.getByTestId('login-demo'));
    await row(1);
    expect(callsOf(world, 'login')).toEqual([{ clientCode: 'DEMO', password: 'demo1234', backend: 'demo' }]);
  });

  test('is accessible, in every language', async () => {
    const { user } = start({ signedIn: false });
    await screen.findByTestId('login-submit');
    for (const [language, title] of [
      ['English', 'Sign in to CRM Condorito'],
      ['Português', 'Entre no CRM Condorito'],
      ['Español', 'Entrá a CRM Condorito'],
    ] as const) {
      await user.click(screen.getByRole('button', { name: language }));
      expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent(title);
      await accessible();
    }
  });
});

describe('the list', () => {
  test('shows who waits, what is unread, drafts and trouble', async () => {
    start({ now: new Date() });
    const waiting = await row(2);
    expect(waiting).toHaveAttribute('data-unread', '3');
    expect(waiting).toHaveTextContent(/1 h 1[34]/);
    expect(waiting).toHaveTextContent('3 sin leer');
    expect(await row(7)).toHaveTextContent('Borrador: Dale Rubén');
    expect(await row(9)).toHaveTextContent('No se envió: Te paso el CBU');
    expect(await row(5)).toHaveTextContent('+54 9 387 555-0193');
    expect(screen.getByTestId('filter-unread')).toHaveTextContent('4');
    await accessible();
  });

  test('draws a window of ten thousand', async () => {
    const { world } = start({ conversations: 10_000 });
    await row(1);
    expect(screen.getAllByTestId('conversation-row').length).toBeLessThan(60);
    expect(callsOf(world, 'list_conversations').length).toBeLessThan(6);
  });

  test('finds names, numbers and messages, and opens the message', async () => {
    const { user } = start();
    await row(1);
    await user.keyboard('{Control>}f{/Control}');
    expect(screen.getByTestId('conversation-search')).toHaveFocus();
    await user.keyboard('presupuesto');
    const hits = await screen.findAllByTestId('search-hit');
    expect(hits[0]).toHaveTextContent('Marta Giménez');
    expect(within(hits[0] as HTMLElement).getByText('presupuesto').tagName).toBe('MARK');
    await accessible();

    await user.click(hits[0] as HTMLElement);
    await waitFor(() => expect(document.querySelector('.ringed')).toHaveTextContent('presupuesto'));

    await user.keyboard('{Escape}');
    await row(2);
    expect(screen.getByTestId('conversation-search')).toHaveValue('');
  });

  test('says when nothing is found, and when there is nothing at all', async () => {
    const { user } = start();
    await row(1);
    await user.type(screen.getByTestId('conversation-search'), 'zzzz');
    expect(await screen.findByText('Nada con «zzzz»')).toBeInTheDocument();
    await accessible();
  });

  test('says why it could not be read, and tries again', async () => {
    const failure = new CommandError({ code: 'store_fault', message: 'No se pudo leer el archivo.', source: 'store', retryable: true });
    const { user } = start({}, (world) => {
      const call = world.call.bind(world);
      vi.spyOn(world, 'call').mockImplementation((name, args) =>
        name === 'list_conversations' && 'limit' in args && !('unread' in args) ? Promise.reject(failure) : call(name, args),
      );
    });
    expect(await screen.findByText('No se pudo leer el archivo.')).toBeInTheDocument();
    await accessible();
    vi.restoreAllMocks();
    await user.click(screen.getByRole('button', { name: 'Reintentar' }));
    await row(1);
  });

  test('is walked with the keyboard', async () => {
    const { user } = start();
    const first = await row(1);
    first.focus();
    await user.keyboard('{ArrowDown}');
    await waitFor(() => expect(document.activeElement).toHaveAttribute('data-index', '1'));
    await user.keyboard('{Enter}');
    await screen.findByTestId('composer');
    const opened = () => screen.getAllByTestId('conversation-row').findIndex((element) => element.ariaCurrent === 'true');
    expect(opened()).toBe(1);
    await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
    await waitFor(() => expect(opened()).toBe(2));
    await user.keyboard('{Alt>}{ArrowUp}{/Alt}');
    await waitFor(() => expect(opened()).toBe(1));
    await user.keyboard('{Escape}');
    expect(await screen.findByTestId('no-conversation')).toBeInTheDocument();
    await accessible();
  });
});

describe('a conversation', () => {
  test('sends on Enter, breaks the line on Shift Enter, and keeps the focus', async () => {
    const { world, user } = start();
    await open(user, 6);
    expect(composer()).toHaveFocus();

    await user.keyboard('Hola{Shift>}{Enter}{/Shift}¿cómo va?{Enter}');

    await waitFor(() => expect(callsOf(world, 'send_text')).toEqual([{ conversationId: 6, text: 'Hola\n¿cómo va?' }]));
    expect(composer()).toHaveValue('');
    expect(composer()).toHaveFocus();
    await waitFor(() => expect(screen.getAllByTestId('message').at(-1)).toHaveTextContent('¿cómo va?'));
  });

  test('a row stays the same element from sending to sent', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.keyboard('Va{Enter}');
    const sending = await waitFor(() => {
      const last = screen.getAllByTestId('message').at(-1);
      expect(last).toHaveAttribute('data-state', 'sending');
      return last as HTMLElement;
    });

    world.settle(sending.dataset.localId ?? '', 'sent');

    await waitFor(() => expect(sending).toHaveAttribute('data-state', 'sent'));
    expect(sending).toBeInTheDocument();
    expect(Number(sending.dataset.id)).toBeGreaterThan(0);
  });

  test('a text the core did not keep goes back into the box', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.failures.set('send_text', new CommandError({ code: 'disk_full', message: 'No queda lugar en el disco.', source: 'store', retryable: true }));
    await user.keyboard('Importante{Enter}');
    expect(await screen.findByTestId('notice')).toHaveTextContent('No queda lugar en el disco.');
    expect(composer()).toHaveValue('Importante');
    await accessible();
  });

  test('a draft is saved for its own conversation and comes back', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.keyboard('a medias');
    await open(user, 2);
    await waitFor(() => expect(callsOf(world, 'save_draft')).toEqual([{ conversationId: 6, text: 'a medias' }]));
    expect(composer()).toHaveValue('');
    await open(user, 6);
    await waitFor(() => expect(composer()).toHaveValue('a medias'));
  });

  test.each([
    ['queued', 1, 'En cola: sale cuando se envíe el anterior', ['Editar', 'Descartar']],
    ['unconfirmed', 1, 'No sabemos si salió. Fijate en el teléfono.', ['Enviar de nuevo', 'Descartar']],
    ['failed', 9, 'No se envió.', ['Reintentar', 'Descartar']],
  ])('a %s text says so, with what can be done', async (state, id, sentence, actions) => {
    const { world, user } = start();
    await open(user, id);
    const bubble = screen.getAllByTestId('message').find((element) => element.dataset.state === state);
    const trouble = bubble?.parentElement?.querySelector<HTMLElement>('[data-testid="message-trouble"]');
    expect(trouble).toHaveTextContent(sentence);
    const buttons = within(trouble as HTMLElement).getAllByRole('button');
    expect(buttons.map(({ textContent }) => textContent)).toEqual(actions);

    await user.click(buttons[0] as HTMLElement);
    const expected = state === 'queued' ? 'discard' : 'retry';
    expect(callsOf(world, expected)).toEqual([{ localId: bubble?.dataset.localId }]);
    if (state === 'queued') await waitFor(() => expect(composer()).toHaveValue('Mañana a primera hora sale con el reparto'));
  });

  test('draws marks as elements and asks before a link', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receive(6, '*fuerte* <b onclick="x">no</b> https://xn--bnk-ala.example/a');
    const last = await waitFor(() => {
      const found = screen.getAllByTestId('message').at(-1);
      expect(found).toHaveTextContent('fuerte');
      return found as HTMLElement;
    });
    expect(within(last).getByText('fuerte').tagName).toBe('B');
    expect(last).toHaveTextContent('<b onclick="x">no</b>');
    await user.click(within(last).getByRole('link'));
    expect(await screen.findByRole('dialog')).toHaveTextContent('xn--bnk-ala.example');
    expect(world.opened).toEqual([]);
    await accessible();
    await user.click(screen.getByTestId('link-open'));
    expect(world.opened).toEqual(['https://xn--bnk-ala.example/a']);
  });

  test('is read only when it is open, looked at, and at its end', async () => {
    const { world, user } = start();
    await row(2);
    expect(callsOf(world, 'mark_read')).toEqual([]);
    await open(user, 5);
    await waitFor(() => expect(callsOf(world, 'mark_read')).toEqual([{ conversationId: 5 }]));

    vi.spyOn(document, 'hasFocus').mockReturnValue(false);
    window.dispatchEvent(new Event('blur'));
    expect(world.focus).toEqual({ conversationId: 5, focused: false });
    world.receive(5, '¿Estás?');
    await waitFor(() => expect(screen.getByTestId('new-messages')).toHaveTextContent('1 mensaje nuevo'));
    expect(callsOf(world, 'mark_read')).toHaveLength(1);

    vi.mocked(document.hasFocus).mockReturnValue(true);
    window.dispatchEvent(new Event('focus'));
    await waitFor(() => expect(callsOf(world, 'mark_read')).toHaveLength(2));
  });

  test('new messages are read out', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receive(6, '*Hola* de nuevo');
    await waitFor(() => expect(screen.getByTestId('announcement')).toHaveTextContent('Kiosco Don Raúl: Hola de nuevo'));
  });

  test('the arrow reaches the last message and comes back', async () => {
    const { user } = start();
    await open(user, 6);
    await user.keyboard('{ArrowUp}');
    await waitFor(() => expect(document.activeElement).toBe(screen.getAllByTestId('message').at(-1)));
    await user.keyboard('{ArrowDown}');
    expect(composer()).toHaveFocus();
  });

  test('the bot is switched where it is shown', async () => {
    const { world, user } = start();
    await open(user, 6);
    const toggle = screen.getByTestId('bot-toggle');
    expect(toggle).toBeChecked();
    expect(screen.getByText(/El bot responde esta conversación/)).toBeInTheDocument();
    await user.click(toggle);
    expect(callsOf(world, 'set_bot')).toEqual([{ conversationId: 6, enabled: false }]);
    await waitFor(() => expect(toggle).not.toBeChecked());
    await accessible();
  });

  test('is deleted only after a yes', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.click(screen.getByTestId('conversation-menu'));
    await user.click(await screen.findByTestId('delete-conversation'));
    expect(await screen.findByRole('dialog')).toHaveTextContent('Kiosco Don Raúl');
    await accessible();
    await user.click(screen.getByRole('button', { name: 'Cancelar' }));
    expect(callsOf(world, 'delete_conversation')).toEqual([]);

    await user.click(screen.getByTestId('conversation-menu'));
    await user.click(await screen.findByTestId('delete-conversation'));
    await user.click(await screen.findByTestId('delete-confirm'));
    expect(callsOf(world, 'delete_conversation')).toEqual([{ conversationId: 6 }]);
    expect(await screen.findByTestId('no-conversation')).toBeInTheDocument();
  });

  test('is begun by number, with a warning for another country', async () => {
    const { world, user } = start();
    await row(1);
    await user.keyboard('{Control>}n{/Control}');
    await user.type(await screen.findByTestId('new-phone'), '+598');
    expect(screen.getByText(/No parece un número argentino/)).toBeInTheDocument();
    await accessible();
    await user.click(screen.getByTestId('new-start'));
    expect(await screen.findByRole('alert')).toHaveTextContent('El número está incompleto');
    await user.type(screen.getByTestId('new-phone'), '99123456{Enter}');
    await screen.findByText('Todavía no hay mensajes');
    expect(callsOf(world, 'start_conversation').at(-1)).toEqual({ phone: '+59899123456' });
    expect(screen.getByText(/El número no parece argentino/)).toBeInTheDocument();
    await accessible();
  });

  test('opens from a notification', async () => {
    const { world } = start();
    await row(1);
    world.emit('open-conversation', { conversationId: 3, messageId: null });
    await waitFor(() => expect(screen.getByRole('heading', { level: 2 })).toHaveTextContent('Sofía Ledesma'));
    expect(world.focus?.conversationId).toBe(3);
  });

  test('a gap is marked, and filled on request', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.setGap(6, true);
    const gap = await screen.findByTestId('gap');
    await user.click(within(gap).getByRole('button', { name: 'Cargar' }));
    expect(callsOf(world, 'list_messages').some((args) => (args as { before?: string }).before !== undefined)).toBe(true);

    world.setConnection('offline');
    await waitFor(() => expect(gap).toHaveTextContent('Se completa al volver la conexión.'));
    expect(within(gap).queryByRole('button')).toBeNull();
  });
});

describe('connection and session', () => {
  test.each([
    ['online', 'En línea', null],
    ['connecting', 'Conectando', null],
    ['syncing', 'Poniendo al día', 'syncing-banner'],
    ['polling', 'Consultando', null],
    ['offline', 'Sin conexión', 'offline-banner'],
    ['stopped', 'Sesión cerrada', null],
  ] as const)('%s is shown', async (state, words, banner) => {
    const since = new Date(Date.now() - 5_000);
    start({}, (world) => {
      world.connection = { ...connectionOf(state, since), progress: state === 'syncing' ? [18, 31] : null };
    });
    const pill = await screen.findByTestId('connection-state');
    expect(pill).toHaveAttribute('data-state', state);
    expect(pill).toHaveTextContent(words);
    if (banner) expect(await screen.findByTestId(banner)).toBeInTheDocument();
    else expect(screen.queryByTestId('offline-banner')).toBeNull();
    if (state === 'syncing') expect(screen.getByTestId('syncing-banner')).toHaveTextContent('18 de 31 conversaciones');
    await accessible();
  });

  test('offline, the operator can ask for a retry', async () => {
    const { world, user } = start({}, (fake) => (fake.connection = connectionOf('offline', new Date())));
    await user.click(within(await screen.findByTestId('offline-banner')).getByRole('button'));
    expect(callsOf(world, 'reconnect_now')).toHaveLength(1);
  });

  test('an ended session can be browsed and leads to the password', async () => {
    const { world, user } = start({}, (fake) => (fake.session = { ...fake.session, state: 'expired' }));
    await open(user, 6);
    expect(screen.getByTestId('connection-state')).toHaveAttribute('data-state', 'stopped');
    await user.click(within(screen.getByTestId('session-banner')).getByRole('button', { name: 'Entrar' }));
    expect(await screen.findByTestId('login-code')).toHaveValue('CARDONES');
    await user.click(screen.getByRole('button', { name: 'Volver a leer sin entrar' }));
    await row(1);
    await user.click(within(screen.getByTestId('session-banner')).getByRole('button', { name: 'Entrar' }));
    await user.type(await screen.findByTestId('login-password'), 'condor{Enter}');
    await row(1);
    expect(screen.queryByTestId('session-banner')).toBeNull();
    expect(world.session.state).toBe('signedIn');
  });

  test('another company sees nothing of the one before', async () => {
    const { world, user } = start({}, (fake) => (fake.session = { ...fake.session, state: 'expired' }));
    await open(user, 6);
    await user.keyboard('a medias');
    let release = () => {};
    world.holds.set('list_conversations', new Promise((resolve) => (release = resolve)));

    const account = { id: 8, clientCode: 'OTRA', companyName: 'Otra', email: null, phone: null, isAdmin: false };
    world.emit('session', { state: 'signedIn', account, backend: null });

    await screen.findByTestId('no-conversation');
    expect(screen.queryAllByTestId('conversation-row')).toEqual([]);
    release();
    await row(1);
    expect(callsOf(world, 'save_draft')).toEqual([]);
  });

  test('what could not be read offline is read when the connection is back', async () => {
    const { world, user } = start({}, (fake) => (fake.connection = connectionOf('offline', new Date())));
    world.failures.set('list_messages', new CommandError({ code: 'offline', message: 'Sin red.', source: 'network', retryable: true }));
    await user.click(await row(6));
    expect(await screen.findByTestId('thread-failed')).toHaveTextContent('Sin red.');
    await accessible();
    world.setConnection('online');
    await waitFor(() => expect(screen.getAllByTestId('message').length).toBeGreaterThan(0));
  });

  test('a start that fails says why and can be tried again', async () => {
    const failure = new CommandError({ code: 'keyring_locked', message: 'El llavero está bloqueado.', source: 'secrets', retryable: true });
    const { user } = start({}, (world) => world.failures.set('session_status', failure));
    expect(await screen.findByText('El llavero está bloqueado.')).toBeInTheDocument();
    await accessible();
    await user.click(screen.getByRole('button', { name: 'Reintentar' }));
    await row(1);
  });
});

describe('the width of the list', () => {
  test('moves with the keys within its limits, is remembered, and goes back', async () => {
    const { user } = start();
    await row(1);
    const edge = screen.getByRole('separator', { name: 'Ancho de la lista' });
    edge.focus();
    await user.keyboard('{ArrowRight}');
    expect(edge).toHaveAttribute('aria-valuenow', '240');
    for (let presses = 0; presses < 20; presses += 1) await user.keyboard('{ArrowRight}');
    expect(edge).toHaveAttribute('aria-valuenow', '400');
    expect(localStorage.getItem('condorito.list-width')).toBe('400');
    await user.dblClick(edge);
    expect(localStorage.getItem('condorito.list-width')).toBeNull();
  });
});

describe('account and settings', () => {
  test('apply at once, are kept by the core, and are told to the shell', async () => {
    const { world, user } = start();
    await row(1);
    await user.click(screen.getByTestId('nav-settings'));
    await user.click(await screen.findByLabelText('Oscuro'));
    await user.click(screen.getByLabelText('Compacta'));
    await user.click(screen.getByLabelText(/^130/));
    await user.click(screen.getByLabelText('English'));

    const root = document.documentElement;
    expect(root.dataset).toMatchObject({ theme: 'dark', density: 'compact' });
    expect(root.style.getPropertyValue('--text-scale')).toBe('1.3');
    expect(screen.getByText('Theme')).toBeInTheDocument();
    expect(world.settings).toMatchObject({ locale: 'en', theme: 'dark', density: 'compact', textScale: 1.3 });
    await waitFor(() => expect(world.look).toEqual({ theme: 'dark', locale: 'en' }));
    await accessible();
  });

  test('come from the core, and nonsense in them does no harm', async () => {
    start({}, (world) => {
      world.settings = { ...world.settings, locale: 'pt', theme: 'neon' as 'dark', density: 'compact', textScale: 40 };
    });
    await row(1);
    expect(preferences.locale).toBe('pt');
    expect(preferences.theme).toBe('system');
    expect(preferences.textScale).toBe(1);
    expect(document.documentElement.lang).toBe('pt-BR');
  });

  test.each([false, true])('signing out asks first (wipe: %s)', async (wipe) => {
    const { world, user } = start();
    await row(1);
    await user.click(screen.getByTestId('nav-settings'));
    await user.click(await screen.findByTestId('sign-out'));
    expect(await screen.findByRole('dialog')).toHaveTextContent('¿Cerrar la sesión?');
    await accessible();
    if (wipe) {
      await user.click(screen.getByTestId('sign-out-wipe'));
      expect(screen.getByRole('dialog')).toHaveTextContent('también los borradores');
    }
    expect(callsOf(world, 'logout')).toEqual([]);
    await user.click(screen.getByTestId('sign-out-confirm'));
    expect(await screen.findByTestId('login-submit')).toBeInTheDocument();
    expect(callsOf(world, 'logout')).toEqual([{ wipe }]);
  });
});
