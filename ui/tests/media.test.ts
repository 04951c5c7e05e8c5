import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { CommandError, type Message } from '$lib/platform';
import { accessible, callsOf, open, row, start } from './app';
import { Watched } from './setup';

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

    await user.keyboard('{Control>}c{/Control}');
    await waitFor(() => expect(world.copied).toEqual([second.id - 1]));
    expect(await screen.findByText('Foto copiada')).toBeInTheDocument();
    world.clipboardFailure = new CommandError({ code: 'internal', message: 'Algo falló.', source: 'store', retryable: false });
    await user.click(screen.getByTestId('viewer-copy'));
    expect(await screen.findByText(/No se pudo copiar/)).toBeInTheDocument();

    world.chosenPath = '/tmp/uno.png';
    await user.click(screen.getByTestId('viewer-save'));
    await waitFor(() => expect(callsOf(world, 'save_media')).toEqual([{ messageId: second.id - 1, path: '/tmp/uno.png' }]));
    expect(world.suggested).toEqual(['uno.png']);
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('viewer')).toBeNull());
  });

  test('has its own shape before it comes, and keeps its place when its size is learnt', async () => {
    const { world, user } = start();
    await open(user, 6);
    const upright = { mime: 'image/png', width: 900, height: 1600 };
    const kept = world.receiveFile(6, 'image', upright);
    if (kept.media) Object.assign(kept.media, upright);
    const box = (at: number) => screen.getAllByTestId('picture-box')[at] as HTMLElement;
    await waitFor(() => expect(box(0).style.aspectRatio).toBe('180 / 320'));
    world.receiveFile(6, 'image', { ...upright, height: 300 });
    await waitFor(() => expect(screen.getAllByTestId('picture')).toHaveLength(2));
    // It was drawn before anything was known of it: while it is seen, its box stays.
    expect(box(1).style.aspectRatio).toBe('250 / 188');
    Watched.leave(box(1));
    await waitFor(() => expect(box(1).style.aspectRatio).toBe('250 / 83'));
  });

  test('that cannot be drawn says so and can be saved', async () => {
    const { world, user } = start();
    await open(user, 6);
    const message = world.receiveFile(6, 'image', { mime: 'application/octet-stream', name: 'foto.bin', openable: false });
    const unshown = await screen.findByTestId('picture-unshown');
    expect(unshown).toHaveTextContent('Esta foto no se puede mostrar acá');
    expect(screen.queryByText('Ya no está en el servidor')).toBeNull();
    await user.click(within(unshown).getByTestId('file-save'));
    await waitFor(() => expect(callsOf(world, 'save_media')).toMatchObject([{ messageId: message.id }]));
    await accessible();
    // Neither is there anything to copy.
    await user.pointer({ keys: '[MouseRight]', target: screen.getAllByTestId('message').at(-1) as HTMLElement });
    await screen.findByTestId('menu-details');
    expect(screen.queryByTestId('copy-picture')).toBeNull();
  });

  test('is copied from its menu', async () => {
    const { world, user } = start();
    await open(user, 6);
    const message = world.receiveFile(6, 'image', { mime: 'image/png' });
    await user.pointer({ keys: '[MouseRight]', target: await screen.findByTestId('picture') });
    await user.click(await screen.findByTestId('copy-picture'));
    await waitFor(() => expect(world.copied).toEqual([message.id]));
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

describe('a film', () => {
  test('is fetched when it is asked for, and what cannot be played is opened elsewhere', async () => {
    const { world, user } = start();
    await open(user, 6);
    const message = world.receiveFile(6, 'video', { mime: 'video/webm', name: 'rueda.webm' });
    const play = await screen.findByTestId('video-play');
    await accessible();
    expect(callsOf(world, 'media_info')).not.toContainEqual({ messageId: message.id, fetch: true });
    await user.click(play);
    const player = await screen.findByTestId('video-player');
    expect(player).toHaveAttribute('src', expect.stringMatching(/^blob:/));
    await fireEvent.error(player);
    expect(await screen.findByTestId('video-note')).toHaveTextContent('Esta computadora no puede reproducirlo acá');
    await user.click(screen.getByTestId('file-open'));
    await waitFor(() => expect(world.opened).toEqual([`media ${message.id}`]));
  });
});

describe('what the server keeps no file of', () => {
  test('is a card with what is known of it', async () => {
    const { world, user } = start();
    await open(user, 6);
    world.receiveFile(6, 'sticker', { state: 'none' }, { available: false });
    expect(await screen.findByTestId('media-not-kept')).toHaveTextContent('El servidor no guardó el archivo');
    world.receiveFile(6, 'location', { state: 'none' }, { available: false });
    expect(await screen.findByTestId('place')).toHaveTextContent('El servidor no guarda el lugar');
    const content = 'BEGIN:VCARD\nFN:Graciela\nTEL;waid=5491155504305:+54 9 11 5550-4305\nEND:VCARD';
    world.receiveFile(6, 'contact_card', { state: 'none' }, { available: false, content });
    const card = await screen.findByTestId('contact-card');
    expect(card).toHaveTextContent('Graciela');
    expect(card).not.toHaveTextContent('VCARD');
    await accessible();
    await user.click(within(card).getByTestId('card-write'));
    await waitFor(() => expect(callsOf(world, 'start_conversation')).toEqual([{ phone: '+54 9 11 5550-4305' }]));
  });
});

describe('a row of the list', () => {
  test.each<[Message['type'], string | null, string]>([
    ['image', null, 'Foto'],
    ['image', 'La fachada', 'Foto · La fachada'],
    ['audio', null, 'Nota de voz'],
    ['video', null, 'Video'],
    ['sticker', null, 'Sticker'],
    ['location', null, 'Ubicación'],
    ['document', 'lista.pdf', 'Documento · lista.pdf'],
    ['contact_card', 'BEGIN:VCARD\nFN:Juan\nEND:VCARD', 'Contacto · Juan'],
  ])('tells of %s with %j', async (type, content, expected) => {
    const { world } = start();
    await row(6);
    world.receiveFile(6, type, {}, { content });
    await waitFor(async () => expect(within(await row(6)).getByTestId('preview-kind')).toHaveAttribute('data-kind', type));
    const shown = within(await row(6)).getByTestId('preview-kind');
    expect(shown.querySelector('svg')).not.toBeNull();
    expect(shown.parentElement).toHaveTextContent(expected);
  });
});
