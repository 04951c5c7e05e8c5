/** What a message is, in a word, and what the list says of the newest one. */
import { m } from '$lib/paraglide/messages.js';
import type { Conversation, Message, MessageKind } from '$lib/platform';
import { placeOf } from './place';
import { cardsOf } from './vcard';
import { plain } from './whatsapp';

const WORDS: Record<Exclude<MessageKind, 'text'>, () => string> = {
  image: m.media_image,
  document: m.media_document,
  audio: m.media_audio,
  video: m.media_video,
  sticker: m.media_sticker,
  location: m.media_location,
  contact_card: m.media_contact,
};

export const kindWord = (kind: MessageKind): string => (kind === 'text' ? m.preview_unknown() : WORDS[kind]());

export interface Preview {
  /** What it is besides text; `text` for what cannot be shown; null for plain words. */
  kind: MessageKind | null;
  /** What was written with it, without the marks of formatting; may be empty. */
  text: string;
}

/** Where a message has no words the server puts its kind in brackets. */
const isKind = (text: string, kind: MessageKind): boolean => text === `[${kind}]`;

export function preview({ lastKind, lastMessage }: Pick<Conversation, 'lastKind' | 'lastMessage'>): Preview {
  const text = lastMessage ?? '';
  const words = plain(text).replace(/\s+/g, ' ').trim();
  if (lastKind === null) return { kind: null, text: words };
  if (lastKind === 'text') return isKind(text, 'text') || text === '' ? { kind: 'text', text: '' } : { kind: null, text: words };
  if (isKind(text, lastKind) || lastKind === 'location') return { kind: lastKind, text: '' };
  if (lastKind === 'contact_card') return { kind: lastKind, text: cardsOf(text)[0]?.name ?? '' };
  return { kind: lastKind, text: words };
}

/** The same as one text, for who hears it. */
export function previewText(conversation: Conversation): string {
  const { kind, text } = preview(conversation);
  if (kind !== null) return text === '' ? kindWord(kind) : `${kindWord(kind)} · ${text}`;
  return text === '' ? m.preview_unknown() : text;
}

export const messageText = ({ type, content }: Message): string =>
  previewText({ lastKind: type, lastMessage: content } as Conversation);

/** What a person copies of a message: what is read of it, never the data behind a card or a place. */
export function textToCopy({ type, content }: Pick<Message, 'type' | 'content'>): string {
  const text = content ?? '';
  if (type === 'contact_card') {
    return cardsOf(text)
      .map(({ name, company, phones, emails }) => [name, company, ...phones, ...emails].filter((line) => line !== '').join('\n'))
      .join('\n\n');
  }
  if (type !== 'location') return text;
  const { words, at } = placeOf(text) ?? { words: '', at: null };
  return [words, at === null ? '' : `${at.latitude}, ${at.longitude}`].filter((line) => line !== '').join('\n');
}
