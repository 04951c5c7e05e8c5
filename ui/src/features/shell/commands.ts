/** The commands of the window itself: places, looks, connection, session. */
import Activity from '@lucide/svelte/icons/activity';
import BellOff from '@lucide/svelte/icons/bell-off';
import Contrast from '@lucide/svelte/icons/contrast';
import Keyboard from '@lucide/svelte/icons/keyboard';
import Languages from '@lucide/svelte/icons/languages';
import LogIn from '@lucide/svelte/icons/log-in';
import LogOut from '@lucide/svelte/icons/log-out';
import MessageCircle from '@lucide/svelte/icons/message-circle';
import RefreshCw from '@lucide/svelte/icons/refresh-cw';
import Rows3 from '@lucide/svelte/icons/rows-3';
import Search from '@lucide/svelte/icons/search';
import Settings from '@lucide/svelte/icons/settings';
import Smartphone from '@lucide/svelte/icons/smartphone';
import Type from '@lucide/svelte/icons/type';
import { focusRegion, type Command } from '$lib/commands';
import { LOCALE_NAMES, LOCALES } from '$lib/i18n/locale.svelte';
import { m } from '$lib/paraglide/messages.js';
import type { Desk } from '$lib/state/desk.svelte';
import { preferences, TEXT_SCALES } from '$lib/state/preferences.svelte';
import { PLACES, SETTINGS_PAGES, type Place } from '$lib/state/views.svelte';
import { PAGE_ICONS, PAGE_NAMES } from '$features/settings/pages';

const PLACE_NAMES: Record<Place, () => string> = { chat: m.nav_chat, whatsapp: m.nav_whatsapp, settings: m.nav_settings };
const PLACE_ICONS: Record<Place, Command['icon']> = { chat: MessageCircle, whatsapp: Smartphone, settings: Settings };

function nextScale(by: 1 | -1): number | undefined {
  const at = TEXT_SCALES.findIndex((scale) => scale >= preferences.textScale);
  return TEXT_SCALES[(at < 0 ? TEXT_SCALES.length - 1 : at) + by];
}

export function shellCommands(desk: Desk): Command[] {
  const { views, settings } = desk;
  return [
    {
      id: 'app.palette',
      section: 'general',
      title: m.command_palette,
      keys: ['Mod+K'],
      icon: Search,
      keyOnly: true,
      run: () => (views.over = 'palette'),
    },
    {
      id: 'app.shortcuts',
      section: 'general',
      title: m.command_shortcuts,
      keys: ['Mod+/', '?'],
      icon: Keyboard,
      run: () => (views.over = 'shortcuts'),
    },
    {
      id: 'app.nextRegion',
      section: 'general',
      title: m.command_next_region,
      keys: ['F6'],
      keyOnly: true,
      run: () => focusRegion(1),
    },
    {
      id: 'app.previousRegion',
      section: 'general',
      title: m.command_previous_region,
      keys: ['Shift+F6'],
      keyOnly: true,
      run: () => focusRegion(-1),
    },
    {
      id: 'app.back',
      section: 'general',
      title: m.command_back,
      keys: ['Escape'],
      keyOnly: true,
      when: () => views.place !== 'chat',
      run: () => desk.show('chat'),
    },
    ...PLACES.map(
      (place, at): Command => ({
        id: `go.${place}`,
        section: 'places',
        title: () => m.command_go({ place: PLACE_NAMES[place]() }),
        keys: [`Mod+${at + 1}`],
        icon: PLACE_ICONS[place],
        run: () => desk.show(place),
      }),
    ),
    ...SETTINGS_PAGES.map(
      (page): Command => ({
        id: `settings.${page}`,
        section: 'places',
        title: () => m.command_settings({ page: PAGE_NAMES[page]() }),
        icon: PAGE_ICONS[page],
        run: () => desk.showSettings(page),
      }),
    ),
    {
      id: 'look.theme',
      section: 'general',
      title: () => (document.documentElement.dataset.theme === 'dark' ? m.command_light() : m.command_dark()),
      icon: Contrast,
      run: () => settings.set({ theme: document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark' }),
    },
    {
      id: 'look.density',
      section: 'general',
      title: () => (preferences.density === 'compact' ? m.command_comfortable() : m.command_compact()),
      icon: Rows3,
      run: () => settings.set({ density: preferences.density === 'compact' ? 'comfortable' : 'compact' }),
    },
    {
      id: 'look.bigger',
      section: 'general',
      title: m.command_bigger,
      keys: ['Mod++'],
      icon: Type,
      when: () => nextScale(1) !== undefined,
      run: () => settings.set({ textScale: nextScale(1) ?? preferences.textScale }),
    },
    {
      id: 'look.smaller',
      section: 'general',
      title: m.command_smaller,
      keys: ['Mod+-'],
      icon: Type,
      when: () => nextScale(-1) !== undefined,
      run: () => settings.set({ textScale: nextScale(-1) ?? preferences.textScale }),
    },
    {
      id: 'look.usual',
      section: 'general',
      title: m.command_usual_size,
      keys: ['Mod+0'],
      icon: Type,
      when: () => preferences.textScale !== 1,
      run: () => settings.set({ textScale: 1 }),
    },
    ...LOCALES.map(
      (language): Command => ({
        id: `look.${language}`,
        section: 'general',
        title: () => m.command_language({ language: LOCALE_NAMES[language] }),
        icon: Languages,
        when: () => preferences.locale !== language,
        run: () => settings.set({ locale: language }),
      }),
    ),
    {
      id: 'notices.quiet',
      section: 'general',
      title: () => (settings.current?.doNotDisturb ? m.command_disturb() : m.command_quiet()),
      icon: BellOff,
      when: () => settings.current !== null,
      run: () => settings.set({ doNotDisturb: !settings.current?.doNotDisturb }),
    },
    {
      id: 'connection.now',
      section: 'general',
      title: m.reconnect_now,
      icon: RefreshCw,
      when: () => desk.connection?.state === 'offline' || desk.connection?.state === 'polling',
      run: () => desk.run('reconnect_now', {}),
    },
    {
      id: 'connection.sync',
      section: 'general',
      title: m.command_sync,
      icon: RefreshCw,
      when: () => desk.connection?.state === 'online',
      run: () => desk.run('sync_now', {}),
    },
    {
      id: 'diagnostics.copy',
      section: 'general',
      title: m.diagnostics_copy,
      icon: Activity,
      run: () => desk.copyDiagnostics(),
    },
    {
      id: 'session.enter',
      section: 'general',
      title: m.command_sign_in,
      icon: LogIn,
      when: () => desk.expired,
      run: () => (desk.signingIn = true),
    },
    {
      id: 'session.leave',
      section: 'general',
      title: m.sign_out_ask,
      icon: LogOut,
      run: () => views.signOut(false),
    },
  ];
}
