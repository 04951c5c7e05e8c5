/** The time as the interface shows it: ages and waits move on twice a minute, not on every frame. */
const STEP = 30_000;

let now = $state(Date.now());
let timer: ReturnType<typeof setInterval> | null = null;

export const clock = {
  get now(): number {
    return now;
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
