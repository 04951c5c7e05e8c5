import { mount } from 'svelte';
import './design/tokens.css';
import './design/fonts.css';
import './design/base.css';
import './design/landscape.css';
import App from './App.svelte';
import { connectPlatform } from '$lib/platform';
import { clock } from '$lib/state/clock.svelte';
import { preferences } from '$lib/state/preferences.svelte';
import { room } from '$lib/state/room.svelte';

preferences.start();
room.start();
clock.start();

const platform = await connectPlatform();
const target = document.getElementById('app');
if (target) mount(App, { target, props: { platform } });
