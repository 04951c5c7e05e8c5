/** Whether the contact panel is open: beside the messages where there is room, else over them. */
import { createContext } from 'svelte';
import { room } from '$lib/state/room.svelte';

const KEY = 'condorito.contact-panel';

export class ContactPanelState {
  /** Beside the messages: remembered. */
  #docked = $state(localStorage.getItem(KEY) === 'open');
  /** Over the messages: for the moment only. */
  #over = $state(false);

  get floats(): boolean {
    return room.below('floating');
  }

  /** Over everything but the rail: what is below must not be reached. */
  get covers(): boolean {
    return this.open && room.below('covering');
  }

  get open(): boolean {
    return this.floats ? this.#over : this.#docked;
  }

  set open(open: boolean) {
    if (this.floats) {
      this.#over = open;
      return;
    }
    this.#docked = open;
    try {
      if (open) localStorage.setItem(KEY, 'open');
      else localStorage.removeItem(KEY);
    } catch {
      // It holds for this window.
    }
  }

  /** Another conversation, or none: what lies over the messages goes. */
  leave(): void {
    this.#over = false;
  }
}

export const [getContactPanel, setContactPanel] = createContext<ContactPanelState>();
