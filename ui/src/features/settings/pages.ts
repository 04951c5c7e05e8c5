/** The pages of the settings, named and drawn once: the side list and the palette show the same. */
import Activity from '@lucide/svelte/icons/activity';
import AppWindow from '@lucide/svelte/icons/app-window';
import Bell from '@lucide/svelte/icons/bell';
import HardDrive from '@lucide/svelte/icons/hard-drive';
import Info from '@lucide/svelte/icons/info';
import Keyboard from '@lucide/svelte/icons/keyboard';
import Palette from '@lucide/svelte/icons/palette';
import User from '@lucide/svelte/icons/user';
import Wifi from '@lucide/svelte/icons/wifi';
import type { Component } from 'svelte';
import { m } from '$lib/paraglide/messages.js';
import type { SettingsPage } from '$lib/state/views.svelte';

export const PAGE_NAMES: Record<SettingsPage, () => string> = {
  account: m.page_account,
  look: m.page_look,
  notifications: m.page_notifications,
  window: m.page_window,
  connection: m.page_connection,
  data: m.page_data,
  shortcuts: m.page_shortcuts,
  diagnostics: m.page_diagnostics,
  about: m.page_about,
};

export const PAGE_ICONS: Record<SettingsPage, Component<{ size?: number }>> = {
  account: User,
  look: Palette,
  notifications: Bell,
  window: AppWindow,
  connection: Wifi,
  data: HardDrive,
  shortcuts: Keyboard,
  diagnostics: Activity,
  about: Info,
};
