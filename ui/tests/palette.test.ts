import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError } from '$lib/platform';
import { matchTitles } from '$features/palette/match';
import { accessible, callsOf, open, row, start } from './app';

const kinds = () => screen.queryAllByTestId('palette-option').map(({ dataset }) => dataset.kind);
const option = (text: string) =>
  waitFor(() => {
    const found = screen.getAllByTestId('palette-option').find((element) => element.textContent.includes(text));
    expect(found).toBeDefined();
    return found as HTMLElement;
  });

describe('titles are found', () => {
  const titles = ['Pasar al tema oscuro', 'Ir a Ajustes', 'Marcar como leída', 'Ajustes: Diagnóstico'];
  const find = (query: string) => matchTitles(titles, (title) => title, query).map(({ item }) => item);

  test.each([
    ['oscuro', 'Pasar al tema oscuro'],
    ['oscuro tema', 'Pasar al tema oscuro'],
    ['leida', 'Marcar como leída'],
    ['diagnostico', 'Ajustes: Diagnóstico'],
    ['DIAGN', 'Ajustes: Diagnóstico'],
  ])('by %s', (query, title) => expect(find(query)[0]).toBe(title));

  test('all of them without a query, none for nonsense', () => {
    expect(find('')).toEqual(titles);
    expect(find('zzzz')).toEqual([]);
    expect(find('.*(')).toEqual([]);
  });

  test('and marked where they match', () => {
    const [first] = matchTitles(titles, (title) => title, 'leida');
    expect(first?.pieces.filter(({ hit }) => hit).map(({ text }) => text)).toEqual(['leída']);
  });
});

describe('the palette', () => {
  test('shows conversations, actions and messages in that order, and opens what is chosen', async () => {
    const { user } = start();
    await row(1);
    await user.keyboard('{Control>}k{/Control}');
    const field = await screen.findByTestId('palette-input');
    expect(field).toHaveFocus();
    await waitFor(() => expect(kinds()).toContain('conversation'));
    await user.keyboard('mar');
    await option('Marta Giménez');
    await waitFor(() => expect(kinds()).toContain('hit'));
    expect(kinds()).toEqual(kinds().toSorted((a, b) => 'conversation action hit all'.indexOf(a ?? '') - 'conversation action hit all'.indexOf(b ?? '')));
    expect(field).toHaveAttribute('aria-activedescendant', screen.getAllByTestId('palette-option')[0]?.id);
    await accessible();

    await user.keyboard('{Enter}');
    await screen.findByTestId('composer');
    await waitFor(() => expect(screen.queryByTestId('palette')).toBeNull());
    await waitFor(() => expect(screen.getByRole('heading', { level: 2 })).toHaveTextContent('Marta Giménez'));
  });

  test('runs actions, shows their keys, and puts recent ones first', async () => {
    const { world, user } = start();
    await row(1);
    await user.click(screen.getByTestId('open-palette'));
    await user.type(await screen.findByTestId('palette-input'), '>');
    await waitFor(() => expect(new Set(kinds())).toEqual(new Set(['action'])));
    await user.keyboard('oscuro');
    await user.click(await option('Pasar al tema oscuro'));
    await waitFor(() => expect(world.settings.theme).toBe('dark'));
    await waitFor(() => expect(screen.queryByTestId('palette')).toBeNull());

    await user.keyboard('{Control>}k{/Control}');
    await user.type(await screen.findByTestId('palette-input'), '>');
    await waitFor(() => expect(screen.getAllByTestId('palette-option')[0]).toHaveTextContent('Pasar al tema claro'));
    expect(await option('Ver los atajos de teclado')).toHaveTextContent('Ctrl/');
    await user.keyboard('{ArrowUp}');
    expect(screen.getAllByTestId('palette-option').at(-1)).toHaveAttribute('aria-selected', 'true');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('palette')).toBeNull());
  });

  test('opens a message in its place', async () => {
    const { user } = start();
    await row(1);
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await screen.findByTestId('palette-input'), 'presupuesto final');
    await user.click(await option('presupuesto final'));
    await waitFor(() => expect(document.querySelector('.ringed')).toHaveTextContent('presupuesto final'));
  });

  test('leads to all messages that were found, in the list', async () => {
    const { world, user } = start();
    await open(user, 6);
    await user.keyboard('{Control>}3{/Control}{Control>}k{/Control}');
    await user.type(await screen.findByTestId('palette-input'), 'factura');
    const all = await option('Ver todos los mensajes con «factura»');
    expect(screen.getAllByTestId('palette-option').at(-1)).toBe(all);
    await user.click(all);
    await waitFor(() => expect(screen.getByTestId('conversation-search')).toHaveFocus());
    expect(screen.getByTestId('conversation-search')).toHaveValue('factura');
    await waitFor(() => expect(screen.getAllByTestId('search-hit').length).toBeGreaterThan(1));
    expect(callsOf(world, 'search').at(-1)).toEqual({ text: 'factura', limit: 50 });
    await user.keyboard('{Escape}');
    await row(1);
    expect(screen.getByTestId('conversation-search')).toHaveValue('');
  });

  test('a late answer never replaces a newer one', async () => {
    const { world, user } = start();
    await row(1);
    await user.keyboard('{Control>}k{/Control}');
    await option('Marta Giménez');
    let release = () => {};
    world.holds.set('list_conversations', new Promise((resolve) => (release = resolve)));
    await user.keyboard('julián');
    await waitFor(() => expect(callsOf(world, 'list_conversations').at(-1)).toMatchObject({ query: 'julián' }));
    world.holds.delete('list_conversations');
    await user.keyboard('{Control>}a{/Control}{Backspace}estela');
    // First of all: she is also among those that are shown before a letter is typed.
    await waitFor(() => expect(screen.getAllByTestId('palette-option')[0]).toHaveTextContent('Estela Mamaní'));
    release();
    await new Promise((settled) => setTimeout(settled));
    expect(screen.getAllByTestId('palette-option')[0]).toHaveTextContent('Estela Mamaní');
  });

  test('keeps its actions when the core does not answer, and says when there is nothing', async () => {
    const { world, user } = start();
    await row(1);
    world.failures.set('list_conversations', new CommandError({ code: 'store_fault', message: 'No.', source: 'store', retryable: true }));
    await user.keyboard('{Control>}k{/Control}');
    await waitFor(() => expect(kinds()).toContain('action'));
    await user.type(screen.getByTestId('palette-input'), 'qqqq');
    expect(await screen.findByText('Nada con «qqqq»')).toBeInTheDocument();
    await accessible();
  });
});

describe('keys', () => {
  test('are all in the sheet, and nothing is there twice', async () => {
    const { user } = start();
    await open(user, 6);
    await user.keyboard('{Control>}/{/Control}');
    const dialog = await screen.findByRole('dialog', { name: 'Atajos de teclado' });
    await accessible();
    const shown = within(dialog).getAllByTestId('shortcut');
    const ids = shown.map(({ dataset }) => dataset.command);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ['app.palette', 'app.shortcuts', 'app.nextRegion', 'go.chat', 'go.settings', 'chat.search', 'chat.new', 'write.send']) {
      expect(ids).toContain(id);
    }
    for (const element of shown) expect(element.querySelector('kbd')).not.toBeNull();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  test('lead to the sections, and ? only outside of a field', async () => {
    const { user } = start();
    await open(user, 6);
    await user.keyboard('¿?');
    expect(screen.getByTestId('composer')).toHaveValue('¿?');
    await user.keyboard('{Control>}2{/Control}');
    expect(await screen.findByTestId('whatsapp-state')).toBeInTheDocument();
    await user.keyboard('{Control>}3{/Control}');
    const page = await screen.findByTestId('settings-page');
    page.focus();
    await user.keyboard('?');
    expect(await screen.findByRole('dialog', { name: 'Atajos de teclado' })).toBeInTheDocument();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await user.keyboard('{Control>}1{/Control}');
    expect(screen.queryByTestId('settings-page')).toBeNull();
    expect(screen.getByTestId('composer')).toHaveValue('¿?');
  });

  test('F6 goes round the regions, both ways', async () => {
    const { user } = start();
    await open(user, 6);
    const here = () => document.activeElement?.closest<HTMLElement>('[data-region]')?.dataset.region;
    expect(here()).toBe('composer');
    const seen: (string | undefined)[] = [];
    for (let presses = 0; presses < 6 && !(seen.length > 0 && here() === 'composer'); presses += 1) {
      await user.keyboard('{F6}');
      seen.push(here());
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(['rail', 'list', 'messages', 'composer']));
    await user.keyboard('{Shift>}{F6}{/Shift}');
    expect(here()).toBe(seen.at(-2));
    await user.keyboard('{Control>}3{/Control}');
    await screen.findByTestId('settings-page');
    await user.keyboard('{F6}');
    const first = here();
    await user.keyboard('{F6}');
    expect([first, here()]).not.toContain('list');
  });
});
