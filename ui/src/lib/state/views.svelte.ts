/** Which part of the window is in front. */
export const PLACES = ['chat', 'whatsapp', 'settings'] as const;
export type Place = (typeof PLACES)[number];

export const SETTINGS_PAGES = [
  'account',
  'look',
  'notifications',
  'window',
  'connection',
  'data',
  'shortcuts',
  'diagnostics',
  'about',
] as const;
export type SettingsPage = (typeof SETTINGS_PAGES)[number];

export class Views {
  place = $state<Place>('chat');
  page = $state<SettingsPage>('account');
  /** What lies over the window. */
  over = $state<'palette' | 'shortcuts' | 'signOut' | null>(null);
  /** Whether signing out, once asked for, begins with everything being removed too. */
  wiping = $state(false);

  reset(): void {
    this.place = 'chat';
    this.over = null;
  }

  signOut(wipe: boolean): void {
    this.wiping = wipe;
    this.over = 'signOut';
  }
}
