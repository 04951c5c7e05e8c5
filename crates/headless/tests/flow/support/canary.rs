//! Words that must not be found, sought in every form in which bytes carry a word.

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt::Write as _;

/// What is sought.
pub struct Words {
    /// Which word each pattern of `exact` and of `folded` stands for, and in which form.
    exact_names: Vec<String>,
    exact: AhoCorasick,
    folded_names: Vec<String>,
    folded: AhoCorasick,
}

impl Words {
    pub fn new(words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let (mut exact, mut folded) = (Vec::new(), Vec::new());
        for word in words {
            let word = word.as_ref();
            // A shorter one is found by chance, above all in what is encrypted.
            assert!(word.len() >= 8, "{word} is too short a canary");
            for (form, bytes) in folded_forms(word) {
                folded.push((format!("{word} as {form}"), bytes));
            }
            for (form, bytes) in exact_forms(word.as_bytes()) {
                exact.push((format!("{word} as {form}"), bytes));
            }
        }
        let (exact_names, exact): (Vec<_>, Vec<_>) = exact.into_iter().unzip();
        let (folded_names, folded): (Vec<_>, Vec<_>) = folded.into_iter().unzip();
        Self {
            exact_names,
            exact: AhoCorasick::new(exact).unwrap(),
            folded_names,
            folded: AhoCorasick::builder().ascii_case_insensitive(true).build(folded).unwrap(),
        }
    }

    /// The first word found, and its form.
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        let folded =
            self.folded.find(bytes).map(|hit| &self.folded_names[hit.pattern().as_usize()]);
        let exact =
            || self.exact.find(bytes).map(|hit| &self.exact_names[hit.pattern().as_usize()]);
        folded.or_else(exact).map(String::as_str)
    }

    /// Fails with every place where a word is.
    pub fn assert_absent<'a>(&self, places: impl IntoIterator<Item = (&'a str, &'a [u8])>) {
        let found: Vec<String> = places
            .into_iter()
            .filter_map(|(place, bytes)| {
                let word = self.find(bytes).or_else(|| self.find(place.as_bytes()))?;
                Some(format!("{word} is in {place}"))
            })
            .collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// Forms in which case says nothing.
fn folded_forms(word: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![
        ("UTF-8", word.as_bytes().to_vec()),
        ("UTF-16", word.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16, big end first", word.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("hexadecimal", hex(word.as_bytes())),
    ];
    if !word.is_ascii() {
        forms.push(("JSON's escapes", escaped(word)));
        forms.push(("percent signs", percent(word.as_bytes())));
    }
    forms
}

/// Base64 in both alphabets, wherever in the encoded bytes the word began.
fn exact_forms(word: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let padded = [vec![0; before], word.to_vec()].concat();
        // Letters that hold bits of what stands before or behind are none of the word's.
        let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for (form, engine) in
            [("base64", &STANDARD_NO_PAD), ("base64 of addresses", &URL_SAFE_NO_PAD)]
        {
            forms.push((form, engine.encode(&padded).as_bytes()[first..last].to_vec()));
        }
    }
    forms
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

fn escaped(word: &str) -> Vec<u8> {
    let mut text = String::new();
    for unit in word.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => text.push(char::from(byte)),
            _ => write!(text, "\\u{unit:04x}").unwrap(),
        }
    }
    text.into_bytes()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    for &byte in bytes {
        if byte.is_ascii() {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").unwrap();
        }
    }
    text.into_bytes()
}

/// The search itself: a search that finds nothing proves nothing.
#[test]
fn a_word_is_found_in_every_form() {
    let word = "canariocanción";
    let words = Words::new([word]);
    let utf16: Vec<u8> = word.to_uppercase().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(words.find(b"nada de nada").is_none());
    let mut forms = vec![
        b"...CANARIOcanci\xC3\xB3n...".to_vec(),
        b"{\"a\":\"canariocanci\\u00f3n\"}".to_vec(),
        b"?q=canariocanci%c3%b3n".to_vec(),
        hex(word.as_bytes()).to_ascii_uppercase(),
        word.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    // Only ASCII is folded.
    assert!(words.find(&utf16).is_none());
    for before in 0..7 {
        let text = format!("{}{word}, y más", "x".repeat(before));
        forms.push(STANDARD_NO_PAD.encode(&text).into_bytes());
        forms.push(URL_SAFE_NO_PAD.encode(&text).into_bytes());
    }
    for form in forms {
        assert!(words.find(&form).is_some(), "{}", String::from_utf8_lossy(&form));
    }
}
