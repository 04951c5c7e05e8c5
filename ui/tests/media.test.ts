import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError } from '$lib/platform';
import { accessible, callsOf, open, start } from './app';

describe('a picture', () => {
  test('is shown in small, and large with its neighbours, by keyboard too', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receiveFile(6, 'image', { mime: 'image/png', name: 'uno.png' });
    const second = world.receiveFile(6, 'image', { mime: 'image/png', name: 'dos.png' });
    await waitFor(() => expect(screen.getAllByTestId('picture')).toHaveLength(2));
    const small = screen.getAllByTestId('picture')[1] as HTMLElement;
    expect(within(small).getByRole('img')).toHaveAttribute('src', world.mediaUrl(second.id, true));
    await accessible();

    await user.click(small);
    const viewer = await screen.findByTestId('viewer');
    const picture = () => within(viewer).getByRole('img');
    await waitFor(() => expect(picture()).toHaveAttribute('src', world.mediaUrl(second.id, false)));
    expect(viewer).toHaveTextContent('2 / 2');
    await accessible();
    await user.keyboard('+');
    expect(picture()).toHaveAttribute('data-zoom', '1.5');
    await user.keyboard('-{ArrowLeft}');
    await waitFor(() => expect(viewer).toHaveTextContent('1 / 2'));

    world.chosenPath = '/tmp/uno.png';
    await user.click(screen.getByTestId('viewer-save'));
    await waitFor(() => expect(callsOf(world, 'save_media')).toEqual([{ messageId: second.id - 1, path: '/tmp/uno.png' }]));
    expect(world.suggested).toEqual(['uno.png']);
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('viewer')).toBeNull());
  });

  test('says that it is gone, and can be asked for again after a failure', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receiveFile(6, 'image', { state: 'gone', name: null });
    expect(await screen.findByTestId('picture-gone')).toHaveTextContent('Ya no está en el servidor');
    world.failures.set('media_info', new CommandError({ code: 'offline', message: 'No hay conexión.', source: 'network', retryable: true }));
    world.receiveFile(6, 'image', { mime: 'image/png' });
    const retry = await screen.findByTestId('picture-retry');
    expect(retry).toHaveTextContent('No hay conexión.');
    await user.click(retry);
    expect(await screen.findByTestId('picture')).toBeInTheDocument();
  });
});

describe('a document', () => {
  test('is opened and saved', async () => {
    const { world, user } = start();
    await open(user, 6);
    const message = world.receiveFile(6, 'document', { mime: 'application/pdf', name: 'lista.pdf', size: 48_300 });
    await user.click(await screen.findByTestId('file-open'));
    await waitFor(() => expect(world.opened).toEqual([`media ${message.id}`]));
    expect(screen.getByText(/^48\s\S+$/)).toBeInTheDocument();
    world.chosenPath = null;
    await user.click(screen.getByTestId('file-save'));
    await waitFor(() => expect(world.suggested).toEqual(['lista.pdf']));
    expect(callsOf(world, 'save_media')).toEqual([]);
    await accessible();
  });

  test('that may be a program is only saved', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receiveFile(6, 'document', { name: 'factura.exe', openable: false });
    expect(await screen.findByTestId('file-save')).toBeInTheDocument();
    await waitFor(() => expect(screen.queryByTestId('file-open')).toBeNull());
  });
});

describe('a voice note', () => {
  test('changes its speed, and says so when it is gone', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receiveFile(6, 'audio', { mime: 'audio/ogg', name: 'nota.ogg' });
    const speed = await screen.findByTestId('voice-speed');
    await user.click(speed);
    expect(speed).toHaveAccessibleName('Velocidad 1,5×');
    await accessible();
    world.receiveFile(6, 'audio', { state: 'gone' });
    await waitFor(() => expect(screen.getAllByTestId('voice').at(-1)).toHaveTextContent('Ya no está en el servidor'));
  });
});
