//! The demo's contacts. Numbers are made up: country, mobile prefix and ten digits.

/// A contact: name, number, the tags it has.
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) phone: &'static str,
    pub(super) tags: &'static [&'static str],
}

const fn person(name: &'static str, phone: &'static str, tags: &'static [&'static str]) -> Person {
    Person { name, phone, tags }
}

/// Tags of the demo: name, colour, what it is for.
pub(super) const TAGS: [(&str, &str, &str); 5] = [
    ("Mayorista", "#0d6efd", "Compra por cantidad"),
    ("VIP", "#f59f00", "Cliente de siempre"),
    ("Interior", "#20c997", "Se le manda por encomienda"),
    ("Debe seña", "#dc3545", "Falta la seña del pedido"),
    ("Nuevo", "#6f42c1", "Escribió este mes por primera vez"),
];

/// Templates of the demo: name, text, category.
pub(super) const TEMPLATES: [(&str, &str, &str); 6] = [
    (
        "Saludo",
        "¡Hola {nombre}! Gracias por escribir a Mates El Cóndor. ¿En qué te puedo ayudar?",
        "general",
    ),
    (
        "Horario",
        "Atendemos de lunes a viernes de 9 a 18 y los sábados de 9 a 13, en Av. Rivadavia 4870.",
        "general",
    ),
    (
        "Datos para transferir",
        "El alias es MATE.CONDOR.OK, a nombre de Graciela Ibáñez. Mandame el comprobante y preparo todo.",
        "ventas",
    ),
    (
        "Pedido listo",
        "{nombre}, tu pedido ya está listo. Podés pasar a buscarlo cuando quieras.",
        "ventas",
    ),
    (
        "Seguimiento",
        "Ya lo despachamos. El número de seguimiento es {{seguimiento}}; tarda de 3 a 5 días hábiles.",
        "envíos",
    ),
    (
        "Cómo curar el mate",
        "Yerba usada hasta la mitad, agua tibia y 24 horas de descanso. Después raspás despacio y listo.",
        "ayuda",
    ),
];

pub(super) const PEOPLE: [Person; 42] = [
    person("Ana Laura Pereyra", "5491155500141", &["VIP"]),
    person("Beto Giménez", "5491155500278", &[]),
    person("Carla Domínguez", "5493515550312", &["Interior"]),
    person("Diego Ocampo", "5491155500433", &["Mayorista"]),
    person("Eugenia Sosa", "5492235550507", &["Interior", "Debe seña"]),
    person("Federico Luna", "5491155500689", &[]),
    person("Gabriela Ríos", "5493415550734", &["Interior"]),
    person("Hernán Quiroga", "5491155500820", &["VIP", "Mayorista"]),
    person("Inés Maldonado", "5492615550916", &["Interior"]),
    person("Joaquín Ferreyra", "5491155501058", &["Nuevo"]),
    person("Karina Villalba", "5491155501127", &[]),
    person("Leandro Acosta", "5493815551244", &["Interior"]),
    person("Mariana Paz", "5491155501360", &["VIP"]),
    person("Nicolás Herrera", "5492215551471", &[]),
    person("Olga Benítez", "5491155501595", &["Debe seña"]),
    person("Pablo Iturbe", "5492995551608", &["Interior", "Mayorista"]),
    person("Quique Roldán", "5491155501732", &[]),
    person("Rocío Ledesma", "5493885551849", &["Interior"]),
    person("Sergio Nievas", "5491155501963", &[]),
    person("Tamara Escudero", "5491155502074", &["Nuevo"]),
    person("Ulises Cabrera", "5493425552180", &["Interior"]),
    person("Valeria Montes", "5491155502291", &["VIP"]),
    person("Walter Duarte", "5491155502306", &["Mayorista"]),
    person("Ximena Aráoz", "5493875552418", &["Interior"]),
    person("Yamila Correa", "5491155502523", &[]),
    person("Zulema Ojeda", "5493795552637", &["Interior"]),
    person("Agustín Barrios", "5491155502745", &["Nuevo"]),
    person("Belén Cáceres", "5492945552851", &["Interior"]),
    person("Cristian Vega", "5491155502969", &[]),
    person("Daniela Funes", "5493585553072", &["Interior", "Debe seña"]),
    person("Esteban Moyano", "5491155503184", &[]),
    person("Florencia Toledo", "5491155503299", &["VIP"]),
    person("Gustavo Peralta", "5492915553305", &["Interior", "Mayorista"]),
    person("Horacio Ñáñez", "5491155503417", &[]),
    person("Ivana Bustos", "5493705553526", &["Interior"]),
    person("Jimena Castro", "5491155503638", &["Nuevo"]),
    person("Kevin Almada", "5491155503741", &[]),
    person("Lucía Santillán", "5493855553857", &["Interior"]),
    person("Martín Güell", "5491155503964", &["VIP"]),
    person("Noelia Figueroa", "5492965554070", &["Interior"]),
    person("Oscar Zárate", "5491155504182", &[]),
    person("Paula Agüero", "5491155504293", &["Nuevo"]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_are_argentine_mobiles_and_all_different() {
        let phones: HashSet<_> = PEOPLE.iter().map(|person| person.phone).collect();
        assert_eq!(phones.len(), PEOPLE.len());
        for phone in phones {
            assert!(phone.starts_with("549") && phone.len() == 13, "{phone}");
            assert!(phone.bytes().all(|byte| byte.is_ascii_digit()), "{phone}");
        }
    }

    #[test]
    fn every_tag_used_is_one_of_the_tags() {
        for tag in PEOPLE.iter().flat_map(|person| person.tags) {
            assert!(TAGS.iter().any(|(name, _, _)| name == tag), "{tag}");
        }
    }
}
