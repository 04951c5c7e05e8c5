//! Pictures decoded, and in small.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// The longer side of a small picture, in pixels.
const SIDE: u32 = 640;
/// The longer side of a picture that is decoded at all.
const WIDEST: u32 = 16_384;
/// Bytes that decoding may take: a small file can stand for a huge picture.
const MEMORY: u64 = 256 << 20;
const QUALITY: u8 = 82;

/// A picture as points, the right way up.
#[derive(Clone)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Four bytes a pixel: red, green, blue, opacity.
    pub rgba: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { width, height, .. } = self;
        f.debug_struct("Picture").field("width", width).field("height", height).finish()
    }
}

impl Picture {
    /// `None` for what cannot be decoded within the limits.
    pub(crate) fn decoded(bytes: &[u8]) -> Option<Self> {
        let picture = decode(bytes)?.into_rgba8();
        let (width, height) = picture.dimensions();
        Some(Self { width, height, rgba: picture.into_raw() })
    }
}

/// A picture in small.
pub(super) struct Preview {
    /// Of the picture, the right way up.
    pub pixels: (u32, u32),
    /// PNG where it can be seen through, else JPEG.
    pub thumbnail: Vec<u8>,
}

/// `None` for what cannot be decoded within the limits.
pub(super) fn preview(bytes: &[u8]) -> Option<Preview> {
    let picture = decode(bytes)?;
    let pixels = (picture.width(), picture.height());
    let small = if pixels.0.max(pixels.1) > SIDE { picture.thumbnail(SIDE, SIDE) } else { picture };
    let mut thumbnail = Cursor::new(Vec::new());
    if small.color().has_alpha() {
        small.write_to(&mut thumbnail, ImageFormat::Png).ok()?;
    } else {
        let rgb = small.into_rgb8();
        rgb.write_with_encoder(JpegEncoder::new_with_quality(&mut thumbnail, QUALITY)).ok()?;
    }
    Some(Preview { pixels, thumbnail: thumbnail.into_inner() })
}

/// The right way up; `None` beyond the limits.
fn decode(bytes: &[u8]) -> Option<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(WIDEST);
    limits.max_image_height = Some(WIDEST);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    if decoder.total_bytes() > MEMORY {
        return None;
    }
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Picture, SIDE, preview};
    use image::{DynamicImage, ImageFormat, RgbImage};
    use std::io::Cursor;

    #[test]
    fn keeps_the_shape_and_gets_small() {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::ImageRgb8(RgbImage::new(1600, 400));
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let made = preview(bytes.get_ref()).unwrap();
        assert_eq!(made.pixels, (1600, 400));
        let small = image::load_from_memory(&made.thumbnail).unwrap();
        assert_eq!((small.width(), small.height()), (SIDE, SIDE / 4));
    }

    #[test]
    fn is_decoded_for_the_clipboard() {
        let mut bytes = Cursor::new(Vec::new());
        let picture = RgbImage::from_pixel(3, 2, image::Rgb([9, 8, 7]));
        DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let decoded = Picture::decoded(bytes.get_ref()).unwrap();
        assert_eq!((decoded.width, decoded.height), (3, 2));
        assert_eq!(decoded.rgba, [9, 8, 7, 255].repeat(6));
    }

    #[test]
    fn a_bomb_and_a_stump_are_no_pictures() {
        // A header that promises 65,535 by 65,535 pixels.
        let mut gif = b"GIF89a\xff\xff\xff\xff\0\0\0".to_vec();
        gif.extend_from_slice(b",\0\0\0\0\xff\xff\xff\xff\0\x02\x01\0\0;");
        assert!(preview(&gif).is_none());
        assert!(Picture::decoded(&gif).is_none());
        assert!(preview(b"\x89PNG\r\n\x1a\n\0\0").is_none());
    }
}
