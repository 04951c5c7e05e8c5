//! What the demo's contacts send besides text, one of each kind.

use super::{media, phone::Media};
use crate::{core::Core, error::Error, sending::files::keep};

/// Sizes of pictures: as phones take them, upright and across, and one too small to fill a screen.
const SIZES: [(u32, u32); 5] = [(480, 320), (360, 480), (480, 360), (300, 520), (120, 80)];

/// A card as WhatsApp hands it over.
pub(super) const CARD: &str = "BEGIN:VCARD\nVERSION:3.0\nN:Ibáñez;Graciela;;;\n\
    FN:Graciela Ibáñez\nORG:Talabartería Ibáñez;\n\
    item1.TEL;waid=5491155504305:+54 9 11 5550-4305\nitem1.X-ABLabel:Celular\n\
    EMAIL:graciela@talabarteria.example\nEND:VCARD";
const PAPER: &str = "Lista de precios mayorista.pdf";

/// What can be sent.
#[derive(Debug, Clone)]
pub(super) struct Gallery {
    pub(super) pictures: Vec<Media>,
    pub(super) voice: Media,
    pub(super) film: Media,
    pub(super) paper: Media,
}

impl Gallery {
    /// Writes the files below the instance's address.
    pub(super) async fn hang(core: &Core) -> Result<Self, Error> {
        let mut pictures = Vec::new();
        for (hue, size) in [20, 70, 120, 170, 220].into_iter().zip(SIZES) {
            let path = keep(core, "images", "png", &media::picture(hue, size)?).await?;
            pictures.push(Media::named_by_path("image", path));
        }
        let path = keep(core, "audio", "wav", &media::voice_note()).await?;
        let voice = Media::named_by_path("audio", path);
        let path = keep(core, "video", "webm", media::FILM).await?;
        let film = Media::named_by_path("video", path);
        let path = keep(core, "documents", "pdf", &media::paper("Lista de precios")).await?;
        let file_name = Some(PAPER.to_owned());
        let paper = Media { file_name, ..Media::named_by_path("document", path) };
        Ok(Self { pictures, voice, film, paper })
    }

    /// Pictures and voice notes, as they come up in talks.
    pub(super) fn common(&self) -> Vec<Media> {
        let voices = [&self.voice, &self.voice];
        self.pictures.iter().chain(voices).cloned().collect()
    }

    /// One of each kind with the text that comes with it, the oldest first. What the server keeps
    /// no file of has none here either; a document without words has its name (contract 4.1).
    pub(super) fn each_kind(&self) -> Vec<(Media, &'static str)> {
        let picture = |index: usize| self.pictures.get(index).cloned();
        let pictures = [(picture(1), "Así quedó el mate que te decía"), (picture(0), "")];
        let pictures = pictures.into_iter().filter_map(|(file, text)| Some((file?, text)));
        pictures
            .chain([
                (self.voice.clone(), ""),
                (self.film.clone(), "Mirá cómo rueda"),
                (self.paper.clone(), PAPER),
                (Media::without_file("sticker"), ""),
                (Media::without_file("location"), ""),
                (Media::without_file("contact_card"), CARD),
            ])
            .collect()
    }

    /// Of [`Self::each_kind`] the one of this kind.
    pub(super) fn one(&self, message_type: &str) -> Option<(Media, &'static str)> {
        self.each_kind().into_iter().rfind(|(file, _)| file.message_type == message_type)
    }
}
