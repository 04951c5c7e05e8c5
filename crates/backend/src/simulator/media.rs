//! Pictures and sounds for the demo, made on the spot.

use crate::error::Error;

const WIDTH: u32 = 480;
const HEIGHT: u32 = 320;
/// Samples per second and length of a voice note.
const RATE: u32 = 8000;
const SECONDS: u32 = 3;

/// A sunset in two colours that depend on `hue`, as a PNG.
pub(super) fn picture(hue: u8) -> Result<Vec<u8>, Error> {
    let failed = |error: png::EncodingError| Error::Picture(error.to_string());
    let mut pixels = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let height = u8::try_from(y * 200 / HEIGHT).unwrap_or(u8::MAX);
            let (dx, dy) = (x.abs_diff(WIDTH / 2), y.abs_diff(HEIGHT * 2 / 3));
            let in_the_sun = dx * dx + dy * dy < 60 * 60;
            let color = if in_the_sun {
                [255, 236, 170]
            } else {
                [255 - height, height.wrapping_add(hue) / 2, hue / 2 + height / 4]
            };
            pixels.extend_from_slice(&color);
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// A hum that swells and fades, as a WAV.
pub(super) fn voice_note() -> Vec<u8> {
    let samples = RATE * SECONDS;
    let mut bytes = Vec::with_capacity(44 + samples as usize);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + samples).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&RATE.to_le_bytes());
    bytes.extend_from_slice(&RATE.to_le_bytes());
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&8_u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&samples.to_le_bytes());
    // A triangle wave of 40 samples (200 Hz) whose height follows a slow triangle.
    bytes.extend((0..samples).map(|index| {
        let phase = index % 40;
        let wave = if phase < 20 { phase } else { 40 - phase };
        let swell = index % 4000;
        let loudness = if swell < 2000 { swell } else { 4000 - swell };
        u8::try_from(118 + wave * loudness / 2000).unwrap_or(128)
    }));
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_files_are_what_their_endings_say() {
        let picture = picture(90).unwrap();
        let info = png::Decoder::new(std::io::Cursor::new(&picture)).read_info().unwrap();
        assert_eq!(info.info().size(), (WIDTH, HEIGHT));
        let note = voice_note();
        assert!(note.starts_with(b"RIFF"));
        assert_eq!(note.len(), 44 + (RATE * SECONDS) as usize);
    }
}
