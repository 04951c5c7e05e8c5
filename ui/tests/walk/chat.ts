/** What the chat can look like: nothing open, a conversation, and all that opens over it. */
import { screen } from '@testing-library/svelte';
import { open, row } from '../app';
import { click, type Screen } from './walking';

/** Without a layout a menu finds no place and stays invisible. */
const LAID_OUT_NOWHERE = { hidden: true };

export const CHAT: readonly Screen[] = [
  { name: 'chat, nothing open', go: () => row(1) },
  {
    name: 'chat, a conversation',
    go: async (user) => {
      await open(user, 1);
      // Nothing is in the field: the button that sends is not there to be pressed.
      await user.type(screen.getByTestId('composer'), 'Hola');
    },
  },
  {
    name: 'chat, its menu',
    go: async (user) => {
      await open(user, 6);
      await click(user, 'conversation-menu');
      await screen.findByRole('menu', LAID_OUT_NOWHERE);
    },
  },
  {
    name: 'chat, the menu of a row',
    go: async (user) => {
      await user.pointer({ keys: '[MouseRight]', target: await row(2) });
      await screen.findByRole('menu', LAID_OUT_NOWHERE);
    },
  },
  {
    name: 'chat, muting',
    go: async (user) => {
      await open(user, 6);
      await click(user, 'contact-toggle');
      await click(user, 'contact-mute');
      await screen.findByRole('menu', LAID_OUT_NOWHERE);
    },
  },
  {
    name: 'chat, the filters',
    go: async (user) => {
      await row(1);
      await click(user, 'filter-more');
      await screen.findByTestId('filter-bot-off');
    },
  },
  {
    name: 'chat, a filter in use',
    go: async (user) => {
      await row(1);
      await click(user, 'filter-more');
      await click(user, 'filter-bot-off');
      await screen.findByTestId('filter-active');
    },
  },
  {
    name: 'chat, the contact',
    go: async (user) => {
      await open(user, 6);
      await click(user, 'contact-toggle');
      await screen.findByTestId('contact-panel');
    },
  },
  {
    name: 'chat, looking inside',
    go: async (user) => {
      await open(user, 1);
      await click(user, 'find-open');
      await user.keyboard('presupuesto');
    },
  },
  {
    name: 'deleting',
    go: async (user) => {
      await open(user, 6);
      await click(user, 'conversation-menu');
      await click(user, 'delete-conversation');
      await screen.findByTestId('delete-confirm');
    },
  },
  {
    name: 'a new conversation',
    go: async (user) => {
      await row(1);
      await user.keyboard('{Control>}n{/Control}');
      await user.type(await screen.findByTestId('new-phone'), '3875550000');
    },
  },
  {
    name: 'a link',
    go: async (user) => {
      await open(user, 1);
      await user.click(screen.getAllByRole('link').at(-1) as HTMLElement);
      await screen.findByTestId('link-open');
    },
  },
];
