/** The stand-in for `npm run dev`. The page's address orders a state: `?state=offline&count=10000&live=0`. */
import type { ConnectionState } from '../types';
import { connectionOf, FakeWorld } from './world';

export { FakeWorld } from './world';

const LIVE = [
  { id: 2, text: '¿Seguís por ahí? Necesito la lista antes del mediodía' },
  { id: 11, text: 'Otra cosita: ¿tienen miel de caña?' },
  { id: 1, text: 'Dale, ¡mil gracias!' },
  { id: 5, text: '¿Y cuánto sale el envío?' },
  { id: 3, text: 'Te mando las fotos ahora' },
];

export function fakeFromAddress(query: URLSearchParams): FakeWorld {
  const state = query.get('state') ?? 'online';
  const world = new FakeWorld({
    conversations: Number(query.get('count') ?? 10_000),
    signedIn: state !== 'signedOut',
    delay: Number(query.get('delay') ?? 20),
  });
  // A browser has no core to keep settings: what the page remembers stands in for it.
  world.settings = { ...world.settings, ...(JSON.parse(localStorage.getItem('condorito.preferences') ?? '{}') as object) };
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  if (state === 'expired') {
    world.session = { ...world.session, state: 'expired' };
    world.connection = connectionOf('stopped', new Date());
  } else if (['offline', 'connecting', 'syncing', 'polling', 'stopped'].includes(state)) {
    world.connection = {
      ...connectionOf(state as ConnectionState, new Date()),
      since: minutesAgo(4),
      progress: state === 'syncing' ? [18, 31] : null,
      nextRetryAt: new Date(Date.now() + 12_000).toISOString(),
      lastEventAt: minutesAgo(47),
    };
    world.setGap(1, true);
  }
  if (query.get('live') !== '0' && state === 'online') {
    let turn = 0;
    setInterval(() => {
      const next = LIVE[turn % LIVE.length];
      turn += 1;
      if (next) world.receive(next.id, next.text);
    }, 9_000);
  }
  Object.assign(window, { fake: world });
  return world;
}
