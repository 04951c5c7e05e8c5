import { cleanup, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { CommandError, type CommandName } from '$lib/platform';
import type { FakeWorld } from '$lib/platform/fake/world';
import { start, type User } from './app';
import { INJECTIONS, MARK } from './injection';

/** Fields whose text comes from a contact or from the server. Numbers are digits by then: the core keeps nothing else. */
const FIELDS = new Set([
  'name', 'color', 'phone', 'content', 'lastMessage', 'fileName', 'url', 'companyName', 'clientCode', 'email', 'snippet', 'message', 'reason',
  'backend', 'folder', 'path', 'draft', 'qr', 'transport',
]);
const RUNS = 20;

/** Replaces every such text in an answer, each with the next of the strings. */
function poisoned<T>(answer: T, next: () => string): T {
  if (Array.isArray(answer)) return answer.map((item: unknown) => poisoned(item, next)) as T;
  if (typeof answer !== 'object' || answer === null) return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]: [string, unknown]) => {
      if (FIELDS.has(key) && (typeof value === 'string' || value === null) && key !== 'phone') return [key, next()];
      // A number is what the app opens conversations by; it keeps its digits beside what is added.
      if (key === 'phone' && typeof value === 'string') return [key, `${value}${next()}`];
      return [key, poisoned(value, next)];
    }),
  ) as T;
}

const fetched: string[] = [];

/** Nothing became an element, an attribute or a request. */
function harmless(where: string): void {
  const found: string[] = [];
  for (const element of document.querySelectorAll('*')) {
    if (element.localName.includes(MARK)) found.push(`element ${element.localName}`);
    if (/^(script|iframe|object|embed|link|meta|base|form|video|audio|source|template|style|marquee)$/.test(element.localName)) {
      // The player of a voice note is ours; what it plays are bytes from the core.
      const player = element.localName === 'audio' && element.parentElement?.dataset['testid'] === 'voice' && /^(blob:|$)/.test(element.getAttribute('src') ?? '');
      const own = player || element.localName === 'form' || (element.closest('head') !== null && element.localName !== 'script');
      if (!own) found.push(`element ${element.localName}`);
    }
    for (const { name, value } of element.attributes) {
      if (/^on|srcdoc|^ping$|^action$|formaction|srcset/.test(name)) found.push(`attribute ${name}`);
      if (name.startsWith('data-') && name.includes(MARK)) found.push(`attribute ${name}`);
      if (name === 'href' && !/^(https?:|mailto:|#)/i.test(value)) found.push(`href ${value.slice(0, 60)}`);
      if (name === 'src' && !/^(\/|data:image\/(png|jpeg|webp);base64,)/.test(value)) found.push(`src ${value.slice(0, 60)}`);
      if (name === 'style' && /url\(|expression|@import/i.test(value)) found.push(`style ${value.slice(0, 60)}`);
      if (name === 'class' && value.includes(MARK)) found.push(`class ${value.slice(0, 60)}`);
    }
  }
  expect({ where, found }).toEqual({ where, found: [] });
  expect(MARK in window).toBe(false);
  expect(fetched).toEqual([]);
}

function watchRequests(): void {
  fetched.length = 0;
  vi.stubGlobal('fetch', (address: unknown) => (fetched.push(String(address)), Promise.reject(new Error('no'))));
  vi.stubGlobal('WebSocket', class { constructor(address: string) { fetched.push(address); } });
  vi.stubGlobal('Image', class { set src(address: string) { fetched.push(address); } });
  vi.spyOn(XMLHttpRequest.prototype, 'open').mockImplementation((_, address) => void fetched.push(String(address)));
  vi.spyOn(window, 'open').mockImplementation((address) => (fetched.push(String(address)), null));
}

/** An app every answer of whose core is poisoned, from another place of the list each time. */
async function poison(run: number, prepare?: (world: FakeWorld) => void): Promise<{ world: FakeWorld; user: User; used: Set<string> }> {
  let at = run * (INJECTIONS.length / RUNS);
  const used = new Set<string>();
  const next = () => {
    const text = INJECTIONS[at % INJECTIONS.length] ?? '';
    at += 1;
    used.add(text);
    return text;
  };
  const { world, user } = start({ conversations: 30 }, (fake) => {
    const answer = fake.call.bind(fake);
    // The language and the session are the core's own words, and no contact's.
    const OWN: readonly CommandName[] = ['get_settings', 'set_settings', 'connection_status'];
    vi.spyOn(fake, 'call').mockImplementation(async (name, args) => {
      const reply = await answer(name, args);
      return OWN.includes(name) ? reply : poisoned(reply, next);
    });
    prepare?.(fake);
  });
  await waitFor(() => expect(screen.getAllByTestId('conversation-row').length).toBeGreaterThan(5));
  return { world, user, used };
}

test('there are two hundred, all different', () => {
  expect(new Set(INJECTIONS).size).toBe(200);
});

describe('what others write stays text', () => {
  const everywhere = new Set<string>();

  test.each(Array.from({ length: RUNS }, (_, run) => run))('in every place it is shown (%i)', { timeout: 120_000 }, async (run) => {
    watchRequests();
    const { world, user, used } = await poison(run);
    harmless('list');

    await user.click(screen.getAllByTestId('conversation-row')[0] as HTMLElement);
    await screen.findByTestId('composer');
    await waitFor(() => expect(screen.getAllByTestId('message').length).toBeGreaterThan(3));
    harmless('conversation');
    await user.keyboard('{Control>}i{/Control}');
    harmless('panel');

    await user.click(screen.getByTestId('conversation-search'));
    await user.paste('presupuesto');
    await waitFor(() => expect(screen.getAllByTestId('search-hit').length).toBeGreaterThan(0));
    harmless('search');

    await user.keyboard('{Control>}k{/Control}');
    await user.click(await screen.findByTestId('palette-input'));
    await waitFor(() => expect(screen.getAllByTestId('palette-option').length).toBeGreaterThan(3));
    await user.paste('presupuesto');
    await waitFor(() => expect(screen.getAllByTestId('palette-option').some(({ dataset }) => dataset.kind === 'hit')).toBe(true));
    harmless('palette');
    await user.keyboard('{Escape}');

    // Something fails elsewhere, and the core's own sentence is poisoned too.
    const bad = (code: string) => new CommandError({ code, message: INJECTIONS[(run * 7) % 200] ?? '', source: 'server', retryable: false });
    const { localId } = await world.call('send_text', { conversationId: 5, text: 'Va' });
    world.settle(localId, 'failed', { code: 'refused', message: INJECTIONS[(run * 3) % 200] ?? '' });
    await waitFor(() => expect(screen.getAllByTestId('notice').length).toBeGreaterThan(0));
    harmless('notice');

    world.setWhatsapp({ state: 'error', reason: INJECTIONS[run * 10] ?? '', phone: INJECTIONS[run * 10 + 1] ?? null });
    await user.click(screen.getByTestId('nav-whatsapp'));
    await screen.findByTestId('whatsapp-state');
    harmless('WhatsApp');
    world.setWhatsapp({ state: 'waiting_qr', qr: INJECTIONS[run * 10 + 2] ?? '' });
    harmless('QR');
    world.failures.set('whatsapp_disconnect', bad('server_fault'));

    await user.click(screen.getByTestId('nav-settings'));
    for (const page of ['account', 'notifications', 'data', 'diagnostics'] as const) {
      await user.click(screen.getByTestId(`settings-${page}`));
      await screen.findByTestId('settings-page');
      harmless(page);
    }
    for (const text of used) everywhere.add(text);
    cleanup();
  });

  test('and every one of them was shown', () => {
    expect(everywhere.size).toBe(200);
  });

  test('as the very text that it is', async () => {
    watchRequests();
    await poison(0);
    const html = INJECTIONS.find((text) => text.startsWith('<script>')) ?? '';
    expect(screen.getByTestId('conversation-list').textContent).toContain(html);
  });
});
