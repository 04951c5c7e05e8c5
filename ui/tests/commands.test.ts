import { afterEach, describe, expect, test, vi } from 'vitest';
import { Commands, capsOf, type Command } from '$lib/commands';

const command = (id: string, more: Partial<Command> = {}): Command => ({
  id,
  section: 'general',
  title: () => id,
  run: vi.fn(),
  ...more,
});

function press(commands: Commands, init: KeyboardEventInit, target: Element = document.body): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init });
  Object.defineProperty(event, 'target', { value: target });
  commands.onkeydown(event);
  return event;
}

afterEach(() => {
  document.body.replaceChildren();
});

describe('the registry of commands', () => {
  test('runs what its keys say, and only with exactly those keys', () => {
    const commands = new Commands();
    const find = command('find', { keys: ['Mod+F'] });
    commands.add([find]);
    expect(press(commands, { key: 'f', ctrlKey: true }).defaultPrevented).toBe(true);
    expect(press(commands, { key: 'F', ctrlKey: true, shiftKey: true }).defaultPrevented).toBe(false);
    press(commands, { key: 'f' });
    press(commands, { key: 'f', ctrlKey: true, altKey: true });
    expect(find.run).toHaveBeenCalledTimes(1);
  });

  test('reads signs wherever the keyboard has them, and letters by their place where Alt changes them', () => {
    const commands = new Commands();
    const sheet = command('sheet', { keys: ['?', 'Mod+/'] });
    const longest = command('longest', { keys: ['Alt+W'] });
    const second = command('second', { keys: ['Mod+2'] });
    commands.add([sheet, longest, second]);
    press(commands, { key: '?', shiftKey: true });
    press(commands, { key: '/', ctrlKey: true, shiftKey: true });
    press(commands, { key: '∑', code: 'KeyW', altKey: true });
    press(commands, { key: 'é', code: 'Digit2', ctrlKey: true });
    expect(sheet.run).toHaveBeenCalledTimes(2);
    expect(longest.run).toHaveBeenCalledTimes(1);
    expect(second.run).toHaveBeenCalledTimes(1);
  });

  test('leaves the keys that type to the fields', () => {
    const commands = new Commands();
    const sheet = command('sheet', { keys: ['?'] });
    const palette = command('palette', { keys: ['Mod+K'] });
    commands.add([sheet, palette]);
    const field = document.createElement('textarea');
    press(commands, { key: '?' }, field);
    press(commands, { key: 'k', ctrlKey: true }, field);
    expect(sheet.run).not.toHaveBeenCalled();
    expect(palette.run).toHaveBeenCalledTimes(1);
  });

  test('asks the one registered last first, and passes over what makes no sense now', () => {
    const commands = new Commands();
    let open = true;
    const below = command('below', { keys: ['Escape'] });
    const above = command('above', { keys: ['Escape'], when: () => open });
    commands.add([below]);
    const remove = commands.add([above]);
    press(commands, { key: 'Escape' });
    open = false;
    press(commands, { key: 'Escape' });
    open = true;
    remove();
    press(commands, { key: 'Escape' });
    expect(above.run).toHaveBeenCalledTimes(1);
    expect(below.run).toHaveBeenCalledTimes(2);
  });

  test('keeps still behind a dialog, and when somebody else took the key', () => {
    const commands = new Commands();
    const find = command('find', { keys: ['Mod+F'] });
    const palette = command('palette', { keys: ['Mod+K'], overDialogs: true });
    commands.add([find, palette]);
    const dialog = document.createElement('div');
    dialog.setAttribute('role', 'dialog');
    dialog.dataset.state = 'open';
    document.body.append(dialog);
    press(commands, { key: 'f', ctrlKey: true });
    press(commands, { key: 'k', ctrlKey: true });
    expect(find.run).not.toHaveBeenCalled();
    expect(palette.run).toHaveBeenCalledTimes(1);
  });

  test('refuses a second one of the same name', () => {
    const commands = new Commands();
    commands.add([command('find')]);
    expect(() => commands.add([command('find')])).toThrow('find');
  });

  test('remembers what was picked, the last one first', () => {
    const commands = new Commands();
    const one = command('one');
    const two = command('two');
    commands.add([one, two, command('step', { keyOnly: true }), command('typed', { run: null })]);
    expect(commands.offered).toEqual([one, two]);
    commands.pick(one);
    commands.pick(two);
    commands.pick(one);
    expect(new Commands().recent).toEqual(['one', 'two']);
    expect(one.run).toHaveBeenCalledTimes(2);
  });

  test('a damaged memory is the same as none', () => {
    localStorage.setItem('condorito.recent-commands', '{"a":');
    expect(new Commands().recent).toEqual([]);
  });
});

test('keys are written as the keyboard names them', () => {
  expect(capsOf('Mod+Shift+L')).toEqual(['Ctrl', 'Mayús', 'L']);
  expect(capsOf('Alt+ArrowUp')).toEqual(['Alt', '↑']);
  vi.spyOn(navigator, 'platform', 'get').mockReturnValue('MacIntel');
  expect(capsOf('Mod+K')).toEqual(['⌘', 'K']);
  expect(capsOf('Shift+Enter')).toEqual(['⇧', '↩']);
});
