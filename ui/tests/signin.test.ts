import { screen } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError } from '$lib/platform';
import { accessible, callsOf, row, start } from './app';

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
    ['untrusted', 'El certificado del servidor no es de confianza.'],
    ['server_fault', 'El servidor falló.'],
    ['invalid_backend', 'En esa dirección no hay un CRM Condorito.'],
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

  test('lets the way out be set before there is a session, and remembers the server', async () => {
    const { world, user } = start({ signedIn: false });
    expect(await screen.findByTestId('login-backend')).toHaveValue('https://crm.loscardones.example');
    await user.click(screen.getByTestId('login-network'));
    await screen.findByRole('dialog', { name: 'Proxy y certificado' });
    await user.selectOptions(screen.getByTestId('setting-proxy'), 'none');
    expect(world.settings.proxy).toBe('direct');
    await accessible();
    await user.click(screen.getByRole('button', { name: 'Cerrar' }));
    expect(screen.getByTestId('login-submit')).toBeInTheDocument();
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
