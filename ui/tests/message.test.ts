import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { accessible, callsOf, composer, open, start, type User } from './app';

const bubbles = () => screen.getAllByTestId('message');
const withState = (state: string) => bubbles().find((element) => element.dataset.state === state) as HTMLElement;
const last = (text: string) =>
  waitFor(() => {
    const found = bubbles().at(-1) as HTMLElement;
    expect(found).toHaveTextContent(text);
    return found;
  });
const rightClick = (user: User, target: Element) => user.pointer({ target, keys: '[MouseRight]' });

describe('the menu of a message', () => {
  test('copies the text and the link', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receive(6, 'Mirá https://losarrieros.example/x');
    const bubble = await last('Mirá');
    await rightClick(user, within(bubble).getByRole('link'));
    await screen.findByTestId('message-menu');
    await accessible();
    await user.click(screen.getByTestId('copy-link'));
    expect(await navigator.clipboard.readText()).toBe('https://losarrieros.example/x');

    await rightClick(user, bubble);
    expect(screen.queryByTestId('copy-link')).toBeNull();
    await user.click(await screen.findByTestId('copy-text'));
    expect(await navigator.clipboard.readText()).toBe('Mirá https://losarrieros.example/x');
    expect(await screen.findByText('Texto copiado.')).toBeInTheDocument();
  });

  test('copies what is selected', async () => {
    const { user } = start();
    await open(user, 6);
    const bubble = bubbles()[0] as HTMLElement;
    getSelection()?.selectAllChildren(bubble.querySelector('.content') as Element);
    const selected = getSelection()?.toString();
    // A pointer of the test library would put the selection elsewhere first.
    await fireEvent.contextMenu(bubble);
    await user.click(await screen.findByTestId('copy-selection'));
    expect(await navigator.clipboard.readText()).toBe(selected);
    expect(selected).toContain('¿En qué horario están?');
    getSelection()?.removeAllRanges();
  });

  test('opens with the keyboard on the focused message, and gives the focus back', async () => {
    const { user } = start();
    await open(user, 6);
    await user.keyboard('{ArrowUp}');
    const bubble = bubbles().at(-1) as HTMLElement;
    await waitFor(() => expect(bubble).toHaveFocus());
    await user.keyboard('{Shift>}{F10}{/Shift}');
    await screen.findByTestId('message-menu');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(bubble).toHaveFocus());
    await user.keyboard('{Control>}c{/Control}');
    expect(await navigator.clipboard.readText()).toContain('Abrimos de lunes a viernes');
  });

  test('sends again, takes back and discards what is not simply sent', async () => {
    const { world, user } = start();
    await open(user, 1);
    const unconfirmed = withState('unconfirmed');
    await rightClick(user, unconfirmed);
    expect(screen.queryByTestId('menu-edit')).toBeNull();
    await user.click(await screen.findByTestId('menu-retry'));
    expect(callsOf(world, 'retry')).toEqual([{ localId: unconfirmed.dataset.localId }]);

    const queued = withState('queued');
    await rightClick(user, queued);
    await user.click(await screen.findByTestId('menu-edit'));
    await waitFor(() => expect(composer()).toHaveValue('Mañana a primera hora sale con el reparto'));
    expect(callsOf(world, 'discard')).toEqual([{ localId: queued.dataset.localId }]);
  });

  test('tells when, who and how far', async () => {
    const { user } = start();
    await open(user, 9);
    await rightClick(user, withState('failed'));
    await user.click(await screen.findByTestId('menu-details'));
    const details = await screen.findByTestId('message-details');
    expect(details).toHaveTextContent('Vos');
    expect(details).toHaveTextContent('No se envió');
    expect(details).toHaveTextContent(/\d{1,2}:\d{2}:\d{2}/);
    await accessible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('message-details')).toBeNull());
  });

  test('is also behind the bar beside the message', async () => {
    const { user } = start();
    await open(user, 6);
    const bubble = bubbles().at(-1) as HTMLElement;
    await user.click(within(bubble).getByTestId('message-copy'));
    expect(await navigator.clipboard.readText()).toContain('Abrimos de lunes');
    await user.click(within(bubble).getByTestId('message-more'));
    expect(await screen.findByTestId('message-menu')).toBeInTheDocument();
  });
});

describe('a message', () => {
  test('longer than twenty lines folds, and unfolds on request', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receive(6, Array.from({ length: 30 }, (_, line) => `Renglón ${line}`).join('\n'));
    const bubble = await last('Renglón 29');
    const fold = within(bubble).getByRole('button', { name: 'Ver todo' });
    expect(fold).toHaveAttribute('aria-expanded', 'false');
    expect(bubble.querySelector('.folded')).not.toBeNull();
    await user.click(fold);
    expect(bubble.querySelector('.folded')).toBeNull();
    expect(within(bubble).getByRole('button', { name: 'Ver menos' })).toHaveAttribute('aria-expanded', 'true');
  });

  test('of a few emoji is drawn large', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receive(6, '🙌');
    expect(await last('🙌')).toHaveClass('large');
  });

  test('the beginning is marked where it is known, and only there', async () => {
    const { world, user } = start();
    await open(user, 6);
    expect(screen.getByText('Acá empieza la conversación')).toBeInTheDocument();
    world.setGap(6, true);
    await waitFor(() => expect(screen.queryByText('Acá empieza la conversación')).toBeNull());
  });

  test('the Tab key stops at one message only', async () => {
    const { user } = start();
    await open(user, 1);
    const stops = () => bubbles().filter((element) => element.tabIndex === 0);
    expect(stops()).toEqual([bubbles().at(-1)]);
    await user.keyboard('{ArrowUp}{ArrowUp}');
    await waitFor(() => expect(stops()).toEqual([document.activeElement]));
  });
});

describe('writing', () => {
  test('bold and italic wrap what is selected, and unwrap it again', async () => {
    const { user } = start();
    await open(user, 6);
    await user.keyboard('dale ya');
    composer().setSelectionRange(5, 7);
    await user.keyboard('{Control>}b{/Control}');
    expect(composer()).toHaveValue('dale *ya*');
    expect([composer().selectionStart, composer().selectionEnd]).toEqual([6, 8]);
    await user.keyboard('{Control>}b{/Control}');
    expect(composer()).toHaveValue('dale ya');
    await user.keyboard('{Control>}i{/Control}');
    expect(composer()).toHaveValue('dale _ya_');
  });

  test('goes on in the field when the focus is in the messages', async () => {
    const { user } = start();
    await open(user, 6);
    await user.keyboard('{ArrowUp}');
    await waitFor(() => expect(bubbles().at(-1)).toHaveFocus());
    await user.keyboard('h');
    expect(composer()).toHaveFocus();
  });
});
