/** How a screen is entered, what can be clicked there, and what tells that a click did something. */
import { screen, waitFor } from '@testing-library/svelte';
import { expect } from 'vitest';
import type { FakeWorld } from '$lib/platform/fake/world';
import { start, type User } from '../app';

export interface Screen {
  name: string;
  options?: Parameters<typeof start>[0];
  prepare?: (world: FakeWorld) => void;
  go: (user: User, world: FakeWorld) => Promise<unknown>;
}

export const click = async (user: User, id: string) => user.click(await screen.findByTestId(id));

const CONTROLS =
  'button, a[href], select, input[type="checkbox"], input[type="radio"], [role="option"], [role^="menuitem"], [role="tab"], [role="link"]';

/** What is chosen already does nothing when chosen again; the rest has to. */
const chosen = (element: Element) =>
  element.matches('[aria-current]:not([data-testid="conversation-row"]):not([data-testid="nav-chat"]), [aria-pressed="true"], :checked[type="radio"]');

const reachable = (element: Element) =>
  element.closest('[inert], [aria-hidden="true"], [hidden]') === null && !element.matches(':disabled, [aria-disabled="true"], [data-disabled]');

/** While a dialog or a menu is open, what lies behind it cannot be clicked. */
export function controls(): HTMLElement[] {
  const over = [...document.querySelectorAll('[role="dialog"][data-state="open"], [role="menu"][data-state="open"]')].at(-1);
  return [...(over ?? document.body).querySelectorAll<HTMLElement>(CONTROLS)].filter((element) => reachable(element) && !chosen(element));
}

/** The same control on another screen, or another row of the same kind, is clicked once. */
export function nameOf(element: HTMLElement): string {
  const id = element.dataset.testid ?? element.closest<HTMLElement>('[data-testid]')?.dataset.testid ?? '';
  const repeated = ['conversation-row', 'search-hit', 'palette-option'].includes(id);
  const label = element.getAttribute('aria-label') ?? (element as HTMLInputElement).labels?.[0]?.textContent ?? element.textContent;
  return repeated ? id : `${id} ${element.tagName} ${label.replace(/\s+/g, ' ').trim()}`;
}

function state(world: FakeWorld): string {
  const fields = [...document.querySelectorAll<HTMLInputElement>('input, textarea, select')].map(({ value, checked }) => `${value} ${checked}`);
  const focus = [...document.querySelectorAll('*')].indexOf(document.activeElement ?? document.body);
  const { outerHTML } = document.documentElement;
  return JSON.stringify([world.calls.length, world.opened.length, world.focus, focus, fields, outerHTML.replace(/bits-c?\d+|\bc\d+\b/g, '')]);
}

/** The state once nothing moves any more. */
async function settled(world: FakeWorld): Promise<string> {
  let before = '';
  for (let looks = 0; looks < 20; looks += 1) {
    await new Promise((next) => setTimeout(next, 25));
    const now = state(world);
    if (now === before) return now;
    before = now;
  }
  return before;
}

export async function enter({ options, prepare, go }: Screen) {
  const { world, user } = start({ ...options }, prepare);
  await go(user, world);
  await settled(world);
  return { world, user };
}

async function press(user: User, element: HTMLElement) {
  if (!(element instanceof HTMLSelectElement)) return user.click(element);
  const other = [...element.options].find((option) => option.value !== element.value);
  await user.selectOptions(element, other?.value ?? []);
}

/** What opens a further menu does so when it is pointed at. */
const opensByPointing = (element: Element) => element.matches('[role="menuitem"][aria-haspopup]');

/**
 * Whether a click does something. The pointer and the focus come first: what they change is not what the control does.
 */
export async function acts(world: FakeWorld, user: User, control: HTMLElement): Promise<boolean> {
  if (!opensByPointing(control)) await user.hover(control);
  control.focus();
  const before = await settled(world);
  await press(user, control);
  return waitFor(() => expect(state(world)).not.toBe(before), { timeout: 3000 }).then(
    () => true,
    () => false,
  );
}
