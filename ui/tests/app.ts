/** What the tests of the whole app share: a start on the stand-in, and what is looked for again and again. */
import axe from 'axe-core';
import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect } from 'vitest';
import App from '../src/App.svelte';
import { FakeWorld } from '$lib/platform/fake/world';

export type User = ReturnType<typeof userEvent.setup>;

export function start(options: ConstructorParameters<typeof FakeWorld>[0] = {}, prepare?: (world: FakeWorld) => void) {
  const world = new FakeWorld(options);
  world.settings = { ...world.settings, locale: 'es' };
  prepare?.(world);
  const user = userEvent.setup({ pointerEventsCheck: 0 });
  render(App, { platform: world });
  return { world, user };
}

/** The row of a conversation, once it is there. */
export const row = (id: number) =>
  waitFor(() => {
    const found = screen.getAllByTestId('conversation-row').find((element) => element.dataset.id === String(id));
    expect(found).toBeDefined();
    return found as HTMLElement;
  });

export async function open(user: User, id: number) {
  await user.click(await row(id));
  await screen.findByTestId('composer');
  await waitFor(() => expect(screen.getAllByTestId('message').length).toBeGreaterThan(0));
}

export const composer = () => screen.getByTestId<HTMLTextAreaElement>('composer');
export const callsOf = (world: FakeWorld, name: string) =>
  world.calls.filter((call) => call.name === name).map(({ args }) => args);

/** What a machine can tell of accessibility without layout; contrast is settled by the tokens. */
export async function accessible() {
  const { violations } = await axe.run(document.body, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([]);
}
