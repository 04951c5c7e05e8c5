import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { preferences } from '$lib/state/preferences.svelte';
import { accessible, callsOf, row, start } from './app';

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
