/** People and messages of the stand-in: a distributor in Salta on a busy morning. Nothing here exists. */
import type { Conversation, Message, MessageKind, MessageState, Sender, Tag } from '../types';

export const TAGS: Record<string, Tag> = {
  mayorista: { id: 1, name: 'Mayorista', color: '#a8431f' },
  pedido: { id: 2, name: 'Pedido', color: '#8a5b00' },
  reclamo: { id: 3, name: 'Reclamo', color: '#65488a' },
  envio: { id: 4, name: 'Envío', color: '#1d6382' },
  cobranza: { id: 5, name: 'Cobranza', color: '#a0305f' },
  nuevo: { id: 6, name: 'Nuevo', color: '#4b6b2a' },
  gastronomia: { id: 7, name: 'Gastronomía', color: '#12695f' },
};

/** A line of a seeded conversation: who, minutes ago, text, and what is special about it. */
export interface Line {
  from: Sender;
  ago: number;
  text: string | null;
  state?: MessageState;
  type?: MessageKind;
  fileName?: string;
}

export interface Seed {
  name: string | null;
  phone: string;
  tags: (keyof typeof TAGS)[];
  unread?: number;
  bot?: boolean;
  draft?: string;
  lines: Line[];
}

const contact = (ago: number, text: string): Line => ({ from: 'contact', ago, text });
const own = (ago: number, text: string, state: MessageState = 'sent'): Line => ({ from: 'client', ago, text, state });
const bot = (ago: number, text: string): Line => ({ from: 'bot', ago, text, state: 'sent' });

const DAY = 24 * 60;

export const SEEDS: Seed[] = [
  {
    name: 'Marta Giménez',
    phone: '5493868550142',
    tags: ['mayorista', 'pedido'],
    lines: [
      contact(DAY + 400, 'Hola! Paso el pedido de la semana 👇'),
      contact(
        DAY + 399,
        '*Pedido Marta*\n10 packs de yerba Cardón 1 kg\n6 cajas de alfajores _de maicena_\n~4~ 5 dulces de cayote\nCódigo `CAF-2211`',
      ),
      bot(
        DAY + 399,
        '¡Hola, Marta! Recibimos tu pedido y te respondemos mañana desde las 9. Si es urgente, escribí *URGENTE*.',
      ),
      own(95, 'Buen día, Marta 👋 Ya lo estamos armando. ¿Te lo mando con el reparto de mañana?'),
      contact(29, 'Sí, dale. ¿Entra también una caja de miel de caña?'),
      { from: 'contact', ago: 25, text: 'Ahí va el comprobante de la seña', type: 'image' },
      { from: 'contact', ago: 24, text: null, type: 'audio' },
      own(15, '¡Recibido, Marta! Te dejo el presupuesto final, con el *10 % mayorista* ya aplicado.'),
      { from: 'client', ago: 15, text: null, type: 'document', state: 'sent', fileName: 'Presupuesto_1184_Gimenez.pdf' },
      own(2, 'El envío lo seguís acá: https://losarrieros.example/envios/AR48213', 'unconfirmed'),
      own(1, 'Mañana a primera hora sale con el reparto', 'queued'),
    ],
  },
  {
    name: 'Almacén El Trébol',
    phone: '5493874110023',
    tags: ['mayorista'],
    unread: 3,
    lines: [
      own(DAY * 2, 'El presupuesto vence el viernes, después cambia la lista'),
      contact(74, 'Hola, buen día'),
      contact(73, 'Quería hacer un pedido para esta semana'),
      contact(72, '¿Me pasás la lista de precios nueva? La de septiembre quedó vieja'),
    ],
  },
  {
    name: 'Sofía Ledesma',
    phone: '5493874551187',
    tags: ['reclamo'],
    unread: 1,
    lines: [own(DAY, 'Tu pedido sale hoy'), contact(26, 'Me llegaron dos cajas rotas, te mando fotos así las ves')],
  },
  {
    name: 'Carolina Páez',
    phone: '5493875012290',
    tags: ['envio', 'cobranza'],
    unread: 2,
    lines: [
      contact(9, '¿Ya salió el mío?'),
      { from: 'contact', ago: 8, text: null, type: 'audio' },
    ],
  },
  {
    name: null,
    phone: '5493875550193',
    tags: [],
    unread: 1,
    lines: [contact(4, 'Hola buen día, ¿hacen envíos a Tartagal? Vi el local en Instagram y quería saber')],
  },
  {
    name: 'Kiosco Don Raúl',
    phone: '5493874220871',
    tags: ['nuevo'],
    bot: true,
    lines: [contact(17, '¿En qué horario están?'), bot(16, 'Abrimos de lunes a viernes de 9 a 18 y los sábados de 9 a 13.')],
  },
  {
    name: 'Rubén Quiroga',
    phone: '5493874663405',
    tags: [],
    draft: 'Dale Rubén, te confirmo el jueves apenas entre el camión de',
    lines: [contact(40, 'Me quedó alto el presupuesto, ¿hay descuento pagando en efectivo?')],
  },
  {
    name: 'Dietética Ñandubay',
    phone: '5493874330912',
    tags: ['mayorista', 'envio'],
    lines: [contact(60, '¿Sale hoy?'), own(56, 'Listo, sale hoy con el reparto 🚚')],
  },
  {
    name: 'Julián Sosa',
    phone: '549387455',
    tags: [],
    lines: [contact(70, 'Pasame el CBU'), own(68, 'Te paso el CBU para la seña y apenas acredite lo despacho', 'failed')],
  },
  {
    name: 'Hotel Portal del Cerro',
    phone: '5493874118855',
    tags: ['gastronomia'],
    lines: [
      contact(DAY, '¿El presupuesto incluye la entrega en Salta capital?'),
      { from: 'client', ago: 90, text: null, type: 'document', state: 'sent', fileName: 'Factura_A_0003-00012841.pdf' },
    ],
  },
  {
    name: 'Estela Mamaní',
    phone: '5493874009871',
    tags: [],
    lines: [own(DAY + 30, 'Ya te lo dejé en la puerta'), contact(DAY + 10, '¡Gracias! Llegó todo perfecto 🙌')],
  },
];

const FIRST = ['Ana', 'Luis', 'Rosa', 'Mario', 'Elena', 'Hugo', 'Nora', 'Pablo', 'Silvia', 'Tomás', 'Vera', 'Ciro'];
const LAST = ['Aráoz', 'Burgos', 'Cruz', 'Díaz', 'Flores', 'Guanca', 'Liendro', 'Morales', 'Núñez', 'Ríos', 'Vilte'];
const SAID = [
  '¿A qué hora pasan?',
  'Perfecto, quedamos así',
  'Mandame la lista cuando puedas',
  'Gracias 🙏',
  '¿Tienen alfajores de maicena?',
  'Necesito factura A',
  'Ya transferí',
  'El martes estoy todo el día',
];

/** The n-th of as many further conversations as wanted, always the same one. */
export function furtherSeed(n: number): Seed {
  const pick = <T>(list: readonly T[], by: number): T => list[by % list.length] as T;
  return {
    name: `${pick(FIRST, n * 7)} ${pick(LAST, n * 5 + Math.floor(n / 12))}`,
    phone: `549387${String(4_000_000 + n * 37).padStart(7, '0')}`,
    tags: n % 9 === 0 ? ['mayorista'] : [],
    lines: [contact(DAY * 2 + n * 11 + 5, pick(SAID, n + 3)), own(DAY * 2 + n * 11, pick(SAID, n))],
  };
}

/** A long past for one conversation, so that older pages can be read. */
export function longPast(count: number): Line[] {
  return Array.from({ length: count }, (_, index) => {
    const ago = DAY * 3 + (count - index) * 47;
    const text = SAID[index % SAID.length] ?? '';
    return index % 3 === 0 ? own(ago, `${text} (${index})`) : contact(ago, `${text} (${index})`);
  });
}

export type Row = Conversation & { lines: Message[] };
