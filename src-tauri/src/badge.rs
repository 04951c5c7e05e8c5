//! The number of unread messages, drawn into the tray icon: not every desktop shows a tooltip or a
//! badge on the window, but all that have a tray show its picture.

use tauri::image::Image;

/// The design tokens `panel` and `rail` of the light theme: the disc stands out from every colour of
/// the icon, and from dark and light panels by the icon around it.
const DISC: [u8; 3] = [0xfc, 0xfb, 0xf9];
const INK: [u8; 3] = [0x17, 0x24, 0x2d];

/// Digits and `+`, three columns by five rows, a row per byte with the leftmost column in bit 2.
const GLYPHS: [[u8; 5]; 11] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 3, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 2, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
    [0, 2, 7, 2, 0],
];
const PLUS: usize = 10;
const GLYPH_COLUMNS: u32 = 3;
const GLYPH_ROWS: u32 = 5;

/// `icon` with `unread` in a disc at its lower right; above nine, `9+`. With none, `icon` itself.
pub fn draw(icon: &Image<'_>, unread: u64) -> Image<'static> {
    let (width, height) = (icon.width(), icon.height());
    let mut pixels = icon.rgba().to_vec();
    if unread > 0 {
        let digit = usize::try_from(unread.min(9)).unwrap_or(9);
        let text: &[usize] = if unread > 9 { &[9, PLUS] } else { &[digit] };
        for (index, pixel) in pixels.chunks_exact_mut(4).enumerate() {
            let Ok(index) = u32::try_from(index) else {
                break;
            };
            let (x, y) = (index % width, index / width);
            if let (Some(colour), [red, green, blue, alpha]) =
                (colour_at(x, y, width.min(height), (width, height), text), pixel)
            {
                [*red, *green, *blue] = colour;
                *alpha = 0xff;
            }
        }
    }
    Image::new_owned(pixels, width, height)
}

/// Colour of the badge at a pixel; `None` outside it. `side` is the icon's shorter side.
fn colour_at(
    x: u32,
    y: u32,
    side: u32,
    (width, height): (u32, u32),
    text: &[usize],
) -> Option<[u8; 3]> {
    let radius = side * 11 / 32;
    let (left, top) = (width.saturating_sub(2 * radius), height.saturating_sub(2 * radius));
    let (dx, dy) = (x.checked_sub(left)?, y.checked_sub(top)?);
    if dx.abs_diff(radius).pow(2) + dy.abs_diff(radius).pow(2) > radius.pow(2) {
        return None;
    }
    let glyphs = u32::try_from(text.len()).ok()?;
    let columns = glyphs * (GLYPH_COLUMNS + 1) - 1;
    let scale = (radius * 4 / 3 / columns.max(GLYPH_ROWS)).max(1);
    let column = dx.checked_sub(radius.saturating_sub(columns * scale / 2));
    let row = dy.checked_sub(radius.saturating_sub(GLYPH_ROWS * scale / 2));
    let inked = match (column, row) {
        (Some(column), Some(row)) => is_ink(column / scale, row / scale, text),
        _ => false,
    };
    Some(if inked { INK } else { DISC })
}

fn is_ink(column: u32, row: u32, text: &[usize]) -> bool {
    let within = column % (GLYPH_COLUMNS + 1);
    let bits = usize::try_from(column / (GLYPH_COLUMNS + 1))
        .ok()
        .and_then(|place| text.get(place))
        .and_then(|&glyph| GLYPHS.get(glyph))
        .zip(usize::try_from(row).ok())
        .and_then(|(glyph, row)| glyph.get(row));
    within < GLYPH_COLUMNS && bits.is_some_and(|bits| bits >> (GLYPH_COLUMNS - 1 - within) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: u32 = 64;

    fn blank() -> Image<'static> {
        Image::new_owned(vec![0; 4 * 64 * 64], SIDE, SIDE)
    }

    /// The inked pixels as a set of rows, to tell pictures apart.
    fn inked(image: &Image<'_>) -> Vec<bool> {
        let ink = [INK[0], INK[1], INK[2], 0xff];
        image.rgba().chunks_exact(4).map(|pixel| pixel == ink).collect()
    }

    #[test]
    fn leaves_the_icon_alone_when_all_is_read() {
        assert_eq!(draw(&blank(), 0).rgba(), blank().rgba());
    }

    #[test]
    fn draws_every_number_differently() {
        let pictures: Vec<_> = (1..=10).map(|unread| inked(&draw(&blank(), unread))).collect();
        for (index, picture) in pictures.iter().enumerate() {
            assert!(picture.contains(&true), "nothing is written for {}", index + 1);
            assert!(!pictures.iter().skip(index + 1).any(|other| other == picture));
        }
    }

    #[test]
    fn says_nine_and_more_for_any_greater_number() {
        let ten = draw(&blank(), 10);
        assert_eq!(draw(&blank(), u64::MAX).rgba(), ten.rgba());
    }

    #[test]
    fn covers_only_the_lower_right() {
        let image = draw(&blank(), 5);
        let top_left = image.rgba().chunks_exact(4).next();
        assert_eq!(top_left, Some([0, 0, 0, 0].as_slice()));
    }
}
