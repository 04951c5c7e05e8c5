import type { Platform } from './types';

export * from './types';

/** Connects to the shell; a plain browser gets the stand-in, in development only. */
export async function connectPlatform(): Promise<Platform> {
  if ('__TAURI_INTERNALS__' in window) {
    const { connectTauri } = await import('./tauri');
    return connectTauri();
  }
  if (import.meta.env.DEV) {
    const { fakeFromAddress } = await import('./fake');
    return fakeFromAddress(new URLSearchParams(location.search));
  }
  throw new Error('This page is the interface of the desktop app and needs its shell.');
}
