/** Files of messages, as far as the core has told of them. A row that scrolls back is drawn at once. */
import { CommandError, type MediaInfo, type Message, type Platform } from '$lib/platform';

const known = new WeakMap<Platform, Map<number, MediaInfo>>();

const knownTo = (platform: Platform): Map<number, MediaInfo> => {
  const found = known.get(platform) ?? new Map<number, MediaInfo>();
  known.set(platform, found);
  return found;
};

/** The kept files were thrown away. */
export const forgetMedia = (platform: Platform): boolean => known.delete(platform);

/** Whether the server named a file that can be asked for. */
export const hasFile = (message: Message): boolean => message.id > 0 && (message.media?.available ?? false);

/** The file of one message. */
export class MediaFile {
  info = $state.raw<MediaInfo | null>(null);
  /** The core's sentence when it could not be had. */
  failure = $state<string | null>(null);
  asking = $state(false);

  constructor(
    readonly platform: Platform,
    readonly id: number,
  ) {
    this.info = knownTo(platform).get(id) ?? null;
  }

  get ready(): boolean {
    return this.info?.state === 'ready';
  }

  get gone(): boolean {
    return this.info?.state === 'gone' || this.info?.state === 'none';
  }

  /** Asks the core, and with `fetch` the server where the file is not kept yet. */
  async load(fetch: boolean): Promise<MediaInfo | null> {
    if (this.asking || this.ready || this.gone) return this.info;
    this.asking = true;
    this.failure = null;
    try {
      this.info = await this.platform.call('media_info', { messageId: this.id, fetch });
      knownTo(this.platform).set(this.id, this.info);
    } catch (thrown) {
      this.failure = CommandError.from(thrown).message;
    }
    this.asking = false;
    return this.info;
  }
}
