/** One voice note sounds at a time, and the next one of the same speaker follows by itself. */
interface Player {
  play(): void;
  pause(): void;
}

const players = new Map<number, Player>();
let current: number | null = null;

/** Makes a message's player known until the returned function is called. */
export function register(id: number, player: Player): () => void {
  players.set(id, player);
  return () => {
    if (players.get(id) === player) players.delete(id);
    if (current === id) current = null;
  };
}

/** One begins: whatever else sounds is paused. */
export function began(id: number): void {
  if (current !== null && current !== id) players.get(current)?.pause();
  current = id;
}

/** One has ended; the one after it begins where it is on screen. */
export function ended(id: number, next: number | null): void {
  if (current === id) current = null;
  if (next !== null) players.get(next)?.play();
}
