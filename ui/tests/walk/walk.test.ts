/**
 * Every control of every screen does something: it is clicked, and either a command reaches the core or what is shown
 * changes. What does nothing yet is not there.
 */
import { cleanup, screen } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { row } from '../app';
import { SCREENS } from './screens';
import { acts, controls, enter, nameOf } from './walking';

const walked = new Set<string>();

describe('every control does something', () => {
  test.each(SCREENS)('$name', { timeout: 240_000 }, async (place) => {
    await enter(place);
    const names = [...new Set(controls().map(nameOf))];
    expect(names.length).toBeGreaterThan(0);
    const idle: string[] = [];
    for (const name of names.filter((candidate) => !walked.has(candidate))) {
      cleanup();
      localStorage.clear();
      const { world, user } = await enter(place);
      const control = controls().find((element) => nameOf(element) === name);
      // A control that is there only sometimes is not one a screen is judged by.
      if (!control) continue;
      if (!(await acts(world, user, control))) idle.push(name);
      walked.add(name);
    }
    expect(idle).toEqual([]);
  });

  test('which would be noticed if it did not', async () => {
    const { world, user } = await enter({ name: '', go: () => row(1) });
    const idle = document.createElement('button');
    idle.textContent = 'Nada';
    screen.getByTestId('nav-chat').after(idle);
    expect(controls()).toContain(idle);
    expect(await acts(world, user, idle)).toBe(false);
    expect(await acts(world, user, screen.getByTestId('nav-settings'))).toBe(true);
  });

  test('and nothing is left out of the walk', () => {
    expect(walked.size).toBeGreaterThan(80);
  });
});
