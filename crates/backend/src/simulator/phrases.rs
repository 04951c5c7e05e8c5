//! What the demo's people say. A shop of mates and leather in Buenos Aires.

use crate::history::Sender::{self, Bot, Client, Contact};

/// One line of a talk.
pub(super) type Line = (Sender, &'static str);

/// Talks as they end up in a history, oldest line first.
pub(super) const TALKS: [&[Line]; 14] = [
    &[
        (Contact, "Hola, buen día! Vi el mate imperial en Instagram, ¿sigue disponible?"),
        (Bot, "¡Hola! Soy el asistente de Mates El Cóndor. El imperial de calabaza está en stock."),
        (Contact, "Genial. ¿Qué sale?"),
        (Client, "Hola! Sale $38.500 con virola de alpaca. Sin virola, $27.900."),
        (Contact, "Y con bombilla?"),
        (Client, "Con bombilla pico de loro te lo dejo en $45.000."),
        (Contact, "Me gusta. Lo puedo pasar a buscar el sábado?"),
        (Client, "Sí, el sábado estamos de 9 a 13. Te lo separo a tu nombre 👌"),
        (Contact, "Buenísimo, gracias!!"),
    ],
    &[
        (Contact, "Buenas. Necesito precio por 20 mates para regalo de empresa"),
        (Client, "Buenas! ¿Los querés con logo grabado?"),
        (Contact, "Sí, con el logo. Te lo paso en PDF"),
        (Client, "Perfecto. Por 20 unidades grabadas son $29.500 cada uno, con factura A."),
        (Contact, "¿Para cuándo estarían?"),
        (Client, "Diez días hábiles desde la seña, que es del *40%*."),
        (Contact, "Lo consulto con mi jefa y te confirmo mañana"),
        (Client, "Dale, cualquier duda acá estoy."),
    ],
    &[
        (Contact, "Hola, hice una compra el lunes y todavía no me llegó nada 😕"),
        (Client, "Hola! Ya te busco el pedido. ¿Me pasás el número?"),
        (Contact, "Es el 10482"),
        (
            Client,
            "Salió ayer por Correo. El seguimiento es AR20394857, mirá en la página del correo.",
        ),
        (Contact, "Ahí lo veo. Dice que está en distribución"),
        (Client, "Entonces llega hoy o mañana. Si no, me avisás y reclamo yo."),
        (Contact, "Llegó recién! Hermoso todo, gracias por la paciencia ❤️"),
        (Client, "¡Qué bueno! Que lo disfrutes."),
    ],
    &[
        (Contact, "¿Hacen envíos a Neuquén?"),
        (Bot, "Sí, enviamos a todo el país por correo o encomienda."),
        (Contact, "Cuánto sale el envío de un termo y un mate?"),
        (Client, "Hola! A Neuquén capital son $6.200 a sucursal o $8.900 a domicilio."),
        (Contact, "A sucursal está bien"),
        (Client, "Pasame nombre completo, DNI y código postal y te armo el link de pago."),
    ],
    &[
        (Contact, "Buen día, la bombilla que compré se tapa todo el tiempo"),
        (Client, "Buen día! ¿Qué yerba usás? Con molienda muy fina pasa seguido."),
        (Contact, "La de siempre, con palo"),
        (Client, "Probá hervirla diez minutos con una cucharada de bicarbonato."),
        (Contact, "Ok, pruebo y te cuento"),
        (Contact, "Quedó como nueva, no lo puedo creer jaja"),
        (Client, "Jaja el truco de la abuela 😄"),
    ],
    &[
        (Contact, "Holaa quería saber si arreglan billeteras de cuero"),
        (Client, "Hola! Sí, costuras y cierres. ¿Me mandás una foto?"),
        (Contact, "Es la costura del costado, se abrió unos 4 cm"),
        (Client, "Eso son $7.500 y está de un día para el otro."),
        (Contact, "Perfecto, la llevo el martes a la tarde"),
        (Client, "Te espero. Estamos hasta las 18."),
    ],
    &[
        (Contact, "Che, ¿tenés yerba orgánica en paquete de kilo?"),
        (Client, "Me entran el jueves. ¿Cuántos te guardo?"),
        (Contact, "Guardame tres"),
        (Client, "Listo, tres anotados. Son $8.400 cada uno."),
        (Contact, "Te transfiero ahora"),
        (Contact, "Listo, ahí te mandé el comprobante"),
        (Client, "Recibido, gracias! Te aviso apenas llegan."),
    ],
    &[
        (Contact, "Buenas tardes, ¿aceptan tarjeta?"),
        (
            Bot,
            "Buenas tardes. Aceptamos débito, crédito en hasta 3 cuotas sin interés y transferencia.",
        ),
        (Contact, "¿Y con transferencia hay descuento?"),
        (Client, "Sí, 10% por transferencia o efectivo."),
        (Contact, "Buenísimo, entonces transfiero. ¿Me pasás el alias?"),
        (Client, "MATE.CONDOR.OK, a nombre de Graciela Ibáñez."),
    ],
    &[
        (Contact, "Hola! Es para un regalo, ¿lo envuelven?"),
        (Client, "Hola! Sí, con caja de cartón kraft y tarjetita, sin cargo."),
        (Contact, "Ay qué lindo. ¿Pueden poner _Feliz día, pa_?"),
        (Client, "Obvio. ¿Con qué nombre firmo?"),
        (Contact, "De Sofi y Mateo"),
        (Client, "Anotado. Queda listo el viernes a la mañana."),
        (Contact, "Sos lo más, gracias"),
    ],
    &[
        (Contact, "Me podrás hacer un presupuesto por 6 materas de cuero?"),
        (Client, "Sí, claro. ¿Color suela o negro?"),
        (Contact, "Tres y tres"),
        (Client, "Las seis te salen $312.000. En dos pagos si querés."),
        (Contact, "Me parece bien. ¿Las puedo ver antes?"),
        (Client, "Venite cuando gustes, tengo una de cada color en el local."),
        (Contact, "Paso el miércoles al mediodía"),
    ],
    &[
        (Contact, "Buenas, ¿a qué hora cierran hoy?"),
        (Bot, "Hoy atendemos hasta las 18. Los sábados, de 9 a 13."),
        (Contact, "Gracias!"),
    ],
    &[
        (Contact, "Hola, me equivoqué de color en el pedido web 🙈"),
        (Client, "No hay drama, todavía no salió. ¿Cuál querés?"),
        (Contact, "El termo verde en vez del negro"),
        (Client, "Cambiado. Sale mañana a primera hora."),
        (Contact, "Mil gracias, qué rapidez"),
    ],
    &[
        (Contact, "Una consulta, ¿el mate de acero hay que curarlo?"),
        (Client, "No, el de acero se usa directo. Solo lavarlo antes con agua caliente."),
        (Contact, "Ah joya. Y el de calabaza?"),
        (Client, "Ese sí: yerba usada, agua tibia y dejarlo 24 horas. Dos veces mejor."),
        (Contact, "Clarísimo, gracias por explicar"),
    ],
    &[
        (Contact, "Buen día, le escribo de la cooperativa. ¿Siguen necesitando cuero vacuno?"),
        (Client, "Buen día! Sí, para marzo. ¿Qué precio tienen el metro?"),
        (Contact, "Le paso la lista actualizada. Mínimo diez metros"),
        (Client, "La miro con mi socia y le contesto esta semana."),
        (Contact, "Quedo atento. Saludos"),
    ],
];

/// First words of somebody who writes by themselves.
pub(super) const OPENINGS: [&str; 24] = [
    "Hola! ¿Están atendiendo?",
    "Buenas, ¿me pasás precio del termo de un litro?",
    "¿Tenés stock del mate camionero?",
    "Buen día, ¿el pedido 10517 ya salió?",
    "Hola, quería saber si hacen grabados con nombre",
    "Che, ¿me guardás dos bombillas de alpaca?",
    "Consulta rápida: ¿hasta qué hora están hoy?",
    "Recién transferí, ¿te llegó?",
    "Buenas tardes, ¿hacen envíos a Tierra del Fuego?",
    "¿Se puede cambiar un mate que me regalaron?",
    "Hola, necesito factura A de la compra de ayer",
    "¿Tienen algo lindo para regalar hasta $30.000?",
    "Te mando la foto del que vi, a ver si es ese",
    "¿Qué yerba me recomendás que no sea tan fuerte?",
    "Buen día! ¿Ya tenés noticias de lo mío?",
    "Me llegó todo perfecto, muchas gracias 🙌",
    "¿Me hacés precio si llevo cinco?",
    "Hola, soy de la escuela 14, por los mates de egresados",
    "¿El descuento por transferencia sigue?",
    "Perdón la hora, ¿mañana abren?",
    "¿Puedo pasar a retirar en un rato?",
    "Hola, se me rompió la virola, ¿la arreglan?",
    "¿Tenés la matera en color negro?",
    "Quedó divino el grabado, le encantó a mi viejo",
];

/// What follows an opening when somebody writes on.
pub(super) const AFTERTHOUGHTS: [&str; 10] = [
    "Ah, y otra cosa: ¿aceptan Mercado Pago?",
    "Avisame cuando puedas",
    "Es para el finde, por eso pregunto",
    "Gracias desde ya!",
    "Estoy cerca del local, en Caballito",
    "Si no hay en marrón, negro también me sirve",
    "Perdón que moleste 😅",
    "¿O conviene que llame?",
    "Somos varios los que queremos",
    "No hay apuro",
];

/// Answers to what the operator wrote.
pub(super) const ANSWERS: [&str; 20] = [
    "Dale, perfecto 👍",
    "Buenísimo, muchas gracias!",
    "¿Y en cuánto tiempo estaría?",
    "Mmm, lo pienso y te digo",
    "Genial, paso mañana entonces",
    "¿Me lo podés reservar?",
    "Ok! Te transfiero en un rato",
    "Ah, pensé que era menos jaja",
    "Perfecto, te paso los datos ahora",
    "Sos muy amable, gracias por contestar tan rápido",
    "Entendido. ¿Y el envío cuánto sería?",
    "Listo, ahí te hice la transferencia",
    "¿Tenés alguna foto para ver el color?",
    "Bueno, consulto en casa y te aviso",
    "Joya, quedamos así",
    "👏👏",
    "Uy, justo ese día no puedo. ¿El jueves?",
    "Dale, mandámelo a sucursal",
    "Gracias!! Ya se lo recomendé a mi cuñada",
    "Te confirmo a la tarde",
];

/// What the bot says when it attends a conversation.
pub(super) const BOT_ANSWERS: [&str; 5] = [
    "¡Hola! Recibimos tu mensaje. En un ratito te contesta alguien del equipo.",
    "Atendemos de lunes a viernes de 9 a 18 y sábados de 9 a 13.",
    "Podés ver el catálogo completo en nuestra página. ¿Te ayudo con algo más?",
    "Enviamos a todo el país. ¿A qué localidad sería?",
    "Anotado. Un asesor te confirma el precio en breve.",
];

/// Captions of pictures that contacts send.
pub(super) const CAPTIONS: [&str; 5] =
    ["Mirá, es este", "Así me llegó", "¿Tenés uno parecido?", "El logo que te decía", ""];
