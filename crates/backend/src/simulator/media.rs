//! Pictures, sounds and papers for the demo, made on the spot; the film was drawn once.

use crate::error::Error;

/// A ball that bounces for three seconds: WebM, VP8, drawn by GStreamer's `videotestsrc`.
pub(super) const FILM: &[u8] = include_bytes!("../../assets/ball.webm");
/// Samples per second and length of a voice note.
const RATE: u32 = 8000;
const SECONDS: u32 = 3;

/// Red, green and blue.
type Color = (u32, u32, u32);

/// From the zenith to the horizon: an evening, a morning and a grey noon.
const EVENING: (Color, Color) = ((38, 70, 106), (244, 176, 132));
const MORNING: (Color, Color) = ((96, 150, 178), (250, 222, 186));
const NOON: (Color, Color) = ((112, 124, 132), (214, 216, 210));
/// The far ridge and the near one: period and height in parts of the picture's width and height, and
/// the colour.
const RIDGES: [(u32, u32, [u8; 3]); 2] = [(3, 4, [92, 84, 104]), (2, 7, [44, 52, 60])];

/// Mountains under a sky that depends on `hue`, as a PNG of this size.
pub(super) fn picture(hue: u8, (width, height): (u32, u32)) -> Result<Vec<u8>, Error> {
    let failed = |error: png::EncodingError| Error::Picture(error.to_string());
    let (zenith, horizon) = match hue % 3 {
        0 => EVENING,
        1 => MORNING,
        _ => NOON,
    };
    let sun = width.min(height) / 8;
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        let mix = |from: u32, to: u32| {
            u8::try_from((from * (height - y) + to * y) / height).unwrap_or(u8::MAX)
        };
        let sky = [mix(zenith.0, horizon.0), mix(zenith.1, horizon.1), mix(zenith.2, horizon.2)];
        for x in 0..width {
            let (dx, dy) = (x.abs_diff(width * 2 / 3), y.abs_diff(height / 2));
            // The nearest ridge that reaches up to here hides what is behind.
            let ridge = RIDGES.iter().rev().find(|(period, part, _)| {
                let period = (width / period).max(1);
                let slope = (x + u32::from(hue)) % period;
                let peak = slope.min(period - slope) * 2 * (height / part) / period;
                y + peak > height - height / (part * 2)
            });
            let color = match ridge {
                Some((.., color)) => *color,
                None if dx * dx + dy * dy < sun * sun => [255, 240, 206],
                None => sky,
            };
            pixels.extend_from_slice(&color);
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
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

/// A page with one line on it, as a PDF. Letters of the line: ASCII without brackets.
pub(super) fn paper(line: &str) -> Vec<u8> {
    let text = format!("BT /F1 24 Tf 72 720 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut paper = "%PDF-1.4\n".to_owned();
    let mut places = String::new();
    for (number, object) in (1..).zip(&objects) {
        places += &format!("{:010} 00000 n \n", paper.len());
        paper += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let (table, size) = (paper.len(), objects.len() + 1);
    paper += &format!(
        "xref\n0 {size}\n0000000000 65535 f \n{places}trailer\n<< /Size {size} /Root 1 0 R >>\n\
         startxref\n{table}\n%%EOF\n"
    );
    paper.into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_files_are_what_their_endings_say() {
        let picture = picture(90, (48, 32)).unwrap();
        let info = png::Decoder::new(std::io::Cursor::new(&picture)).read_info().unwrap();
        assert_eq!(info.info().size(), (48, 32));
        let note = voice_note();
        assert!(note.starts_with(b"RIFF"));
        assert_eq!(note.len(), 44 + (RATE * SECONDS) as usize);
        assert!(FILM.starts_with(b"\x1aE\xdf\xa3"));
        // As browsers and what tells types from bytes look for it.
        assert!(FILM.windows(7).take(64).any(|bytes| bytes == b"\x42\x82\x84webm"));
        let paper = String::from_utf8(paper("Lista de precios")).unwrap();
        assert!(paper.starts_with("%PDF-1.4"));
        let table = paper.rfind("startxref\n").map(|at| &paper[at + 10..]).unwrap();
        let table: usize = table.lines().next().unwrap().parse().unwrap();
        assert!(paper[table..].starts_with("xref\n"), "the table is where it says");
        for (number, place) in (1..).zip(paper[table..].lines().skip(3).take(5)) {
            let place: usize = place[..10].parse().unwrap();
            assert!(paper[place..].starts_with(&format!("{number} 0 obj")), "{number}");
        }
    }
}
