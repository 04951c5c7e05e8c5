/** The icon of each kind of message, the same in the list and in the conversation. */
import Contact from '@lucide/svelte/icons/contact';
import FileText from '@lucide/svelte/icons/file-text';
import Film from '@lucide/svelte/icons/film';
import Image from '@lucide/svelte/icons/image';
import MapPin from '@lucide/svelte/icons/map-pin';
import MessageCircleOff from '@lucide/svelte/icons/message-circle-off';
import Mic from '@lucide/svelte/icons/mic';
import Sticker from '@lucide/svelte/icons/sticker';
import type { MessageKind } from '$lib/platform';

export const KIND_ICONS: Record<MessageKind, typeof Contact> = {
  text: MessageCircleOff,
  image: Image,
  document: FileText,
  audio: Mic,
  video: Film,
  sticker: Sticker,
  location: MapPin,
  contact_card: Contact,
};
