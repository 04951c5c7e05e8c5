/** The time as the interface shows it: ages and waits move on twice a minute, not on every frame. */
import { createSubscriber } from 'svelte/reactivity';

const STEP = 30_000;

/** Ticks only while something on the screen counts seconds. */
const everySecond = createSubscriber((tick) => {
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
});

let now = $state(Date.now());
let timer: ReturnType<typeof setInterval> | null = null;

export const clock = {
  get now(): number {
    return now;
  },
  /** The time to the second, for what counts down. */
  get second(): number {
    everySecond();
    return Date.now();
  },
  start(): () => void {
    now = Date.now();
    timer ??= setInterval(() => {
      now = Date.now();
    }, STEP);
    return () => {
      if (timer !== null) clearInterval(timer);
      timer = null;
    };
  },
};
