/** The company's link to WhatsApp as last told. */
import { CommandError, type Platform, type Whatsapp, type WhatsappState } from '$lib/platform';

/** States in which messages do not go out, and the operator can do something about it. */
const LOST: readonly WhatsappState[] = ['not_initialized', 'qr_expired', 'disconnected', 'auth_failure', 'error'];
const LINKING: readonly WhatsappState[] = ['initializing', 'waiting_qr', 'authenticated'];

export class WhatsappLink {
  current = $state.raw<Whatsapp | null>(null);
  error = $state.raw<CommandError | null>(null);
  busy = $state<'linking' | 'unlinking' | 'asking' | null>(null);
  readonly #platform: Platform;
  #told = 0;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  get lost(): boolean {
    return this.current !== null && LOST.includes(this.current.state);
  }

  get linking(): boolean {
    return this.current !== null && LINKING.includes(this.current.state);
  }

  take(next: Whatsapp): void {
    this.#told += 1;
    this.current = next;
  }

  clear(): void {
    this.current = null;
    this.error = null;
  }

  ask(): Promise<void> {
    return this.#run('asking', 'whatsapp_status');
  }

  link(): Promise<void> {
    return this.#run('linking', 'whatsapp_connect');
  }

  unlink(): Promise<void> {
    return this.#run('unlinking', 'whatsapp_disconnect');
  }

  async #run(busy: 'linking' | 'unlinking' | 'asking', name: 'whatsapp_status' | 'whatsapp_connect' | 'whatsapp_disconnect') {
    this.busy = busy;
    this.error = null;
    const told = this.#told;
    try {
      const answer = await this.#platform.call(name, {});
      // What was told while the question was on its way is newer than the answer to it.
      if (told === this.#told) this.take(answer);
    } catch (thrown) {
      this.error = CommandError.from(thrown);
    } finally {
      this.busy = null;
    }
  }
}
