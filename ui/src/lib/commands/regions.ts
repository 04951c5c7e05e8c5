/** Moving between the regions of the window (`data-region`), in the order in which they lie. */
const FOCUSABLE = '[tabindex="0"], a[href], button:not(:disabled), input:not(:disabled), textarea, select';

const reachable = (element: HTMLElement) => element.closest('[inert]') === null && element.offsetParent !== null;

/** What takes the focus in a region: the region itself, what is current in it, else the first that can. */
function targetIn(region: HTMLElement): HTMLElement | null {
  if (region.matches(FOCUSABLE)) return region;
  const current = region.querySelector<HTMLElement>('[aria-current]:not([tabindex="-1"])');
  if (current?.matches(FOCUSABLE)) return current;
  return [...region.querySelectorAll<HTMLElement>(FOCUSABLE)].find((element) => element.tabIndex >= 0 && reachable(element)) ?? null;
}

export function focusRegion(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(reachable);
  // Regions may lie within each other: the innermost one is where the focus is.
  const here = document.activeElement?.closest<HTMLElement>('[data-region]') ?? null;
  const at = here === null ? (step === 1 ? -1 : 0) : regions.indexOf(here);
  for (let tries = 1; tries <= regions.length; tries += 1) {
    const region = regions[(at + step * tries + regions.length * 2) % regions.length];
    const target = region ? targetIn(region) : null;
    if (target) {
      target.focus();
      return;
    }
  }
}
