//! The pairing code as a picture.

use base64::Engine as _;
use qrcode::{Color, QrCode};

use crate::error::Error;

/// Side of one module and width of the quiet zone, in pixels and modules.
const SCALE: usize = 6;
const QUIET: usize = 4;

/// A black on white PNG of `text`.
pub(crate) fn png(text: &str) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Picture(error.to_string());
    let code = QrCode::new(text).map_err(|error| failed(&error))?;
    let modules = code.width();
    let colors = code.to_colors();
    let side = (modules + 2 * QUIET) * SCALE;
    let dark = |x: usize, y: usize| {
        let (Some(column), Some(row)) =
            ((x / SCALE).checked_sub(QUIET), (y / SCALE).checked_sub(QUIET))
        else {
            return false;
        };
        column < modules && colors.get(row * modules + column) == Some(&Color::Dark)
    };
    let pixels: Vec<u8> = (0..side * side)
        .map(|index| if dark(index % side, index / side) { 0 } else { 255 })
        .collect();
    let size = u32::try_from(side).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size, size);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| failed(&error))?;
    writer.write_image_data(&pixels).map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    Ok(bytes)
}

/// `data:image/png;base64,…`
pub(crate) fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(png))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_picture_is_a_square_png_with_a_quiet_zone() {
        let bytes = png("2@prueba").unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.width, info.height);
        assert!(pixels.iter().take(SCALE * QUIET).all(|pixel| *pixel == 255));
        assert!(pixels.contains(&0));
        assert!(data_url(&bytes).starts_with("data:image/png;base64,iVBOR"));
    }
}
