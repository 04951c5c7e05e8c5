//! Full-text search of messages, newest first.

use super::Pinned;
use super::conversations::one;
use super::terms::{self, SHORTEST};
use super::view::{MESSAGE_COLUMNS, cached_message, message_columns};
use crate::error::{Error, Result};
use crate::store::Store;
use condorito_model::ConversationId;
use condorito_model::view::{Conversation, SearchHit, SearchPage};
use rusqlite::params;
use std::collections::HashMap;

/// Hits that a page has at most.
const LONGEST: u32 = 200;

/// Marks around a match; a text that holds them itself is only marked wrongly.
const OPEN: char = '\u{2}';
const CLOSE: char = '\u{3}';

/// Characters of a snippet, and how many of them come before the first match.
const SNIPPET: usize = 160;
const LEAD: usize = 40;

/// Newest first by rowid, which the index reads backwards; by rank a common word takes a hundred
/// times as long.
pub(crate) const SEARCH: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", highlight(message_texts, 0, char(2), char(3))
     FROM message_texts JOIN messages m ON m.id = message_texts.rowid
     WHERE message_texts MATCH ?1 AND message_texts.rowid < ?2
     ORDER BY message_texts.rowid DESC LIMIT ?3"
);

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchQuery {
    /// Words, all of which a message must have; at least two characters.
    pub text: String,
    /// Only in this conversation.
    pub conversation: Option<ConversationId>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Hits, at most 200.
    pub limit: u32,
}

impl Store {
    /// A page of messages with these words, newest first. Too short a text finds nothing.
    ///
    /// # Errors
    /// [`Error::NoPlace`] for a cursor that is none.
    pub async fn search(&self, query: SearchQuery) -> Result<SearchPage> {
        self.readers.read(move |files| search(files, &query)).await
    }
}

pub(crate) fn search(files: &Pinned<'_>, query: &SearchQuery) -> Result<SearchPage> {
    let before = match &query.cursor {
        Some(cursor) => {
            cursor.strip_prefix("s:").and_then(|id| id.parse::<i64>().ok()).ok_or(Error::NoPlace)?
        }
        None => i64::MAX,
    };
    let nothing = SearchPage { hits: Vec::new(), next_cursor: None };
    if query.text.trim().chars().count() < SHORTEST {
        return Ok(nothing);
    }
    let Some(words) = terms::expression(&query.text) else {
        return Ok(nothing);
    };
    let expression = match query.conversation {
        Some(id) => format!("scope : \"c{id}\" AND content : ({words})"),
        None => format!("content : ({words})"),
    };
    let limit = query.limit.clamp(1, LONGEST);
    let mut hits = Vec::new();
    let mut known: HashMap<ConversationId, Conversation> = HashMap::new();
    let mut statement = files.cache.prepare_cached(SEARCH)?;
    let mut rows = statement.query(params![expression, before, limit + 1])?;
    let mut next_cursor = None;
    while let Some(row) = rows.next()? {
        if hits.len() == usize::try_from(limit).unwrap_or(usize::MAX) {
            next_cursor = hits.last().map(|hit: &SearchHit| format!("s:{}", hit.message.id.0));
            break;
        }
        let (message, _) = cached_message(row)?;
        let marked: Option<String> = row.get(MESSAGE_COLUMNS)?;
        let conversation = match known.get(&message.conversation_id) {
            Some(conversation) => conversation.clone(),
            None => {
                let Some(conversation) = one(files, message.conversation_id)? else {
                    continue;
                };
                known.insert(message.conversation_id, conversation.clone());
                conversation
            }
        };
        let (snippet, ranges) = snippet(
            message.content.as_deref().unwrap_or_default(),
            marked.as_deref().unwrap_or_default(),
        );
        hits.push(SearchHit { message, conversation, snippet, ranges });
    }
    Ok(SearchPage { hits, next_cursor })
}

/// Text around the first match, on one line, and where the matches lie in it in UTF-16 units.
fn snippet(content: &str, marked: &str) -> (String, Vec<(u32, u32)>) {
    let matches = matches(content, marked);
    let chars: Vec<char> = content.chars().collect();
    let first = matches.first().map_or(0, |(start, _)| *start);
    let start = beginning(&chars, first.saturating_sub(LEAD), first);
    let end = chars.len().min(start + SNIPPET);
    let mut text = String::new();
    let mut offset = 0_u32;
    // UTF-16 offsets of every kept character, and of the end.
    let mut offsets = Vec::with_capacity(end - start + 1);
    let mut push = |c: char, offset: &mut u32| {
        text.push(c);
        *offset = offset.saturating_add(u32::from(c.len_utf16() == 2) + 1);
    };
    if start > 0 {
        push('…', &mut offset);
    }
    for c in chars.get(start..end).unwrap_or_default() {
        offsets.push(offset);
        push(if c.is_control() { ' ' } else { *c }, &mut offset);
    }
    offsets.push(offset);
    if end < chars.len() {
        push('…', &mut offset);
    }
    let place = |index: usize| offsets.get(index.checked_sub(start)?).copied();
    let ranges = matches
        .into_iter()
        .filter_map(|(from, to)| Some((place(from)?, place(to.min(end))?)))
        .filter(|(from, to)| from < to)
        .collect();
    (text, ranges)
}

/// Moves a cut to the beginning of a word, without passing the match.
fn beginning(chars: &[char], cut: usize, first: usize) -> usize {
    if cut == 0 {
        return 0;
    }
    let between = chars.get(cut..first).unwrap_or_default();
    between.iter().position(|c| c.is_whitespace()).map_or(cut, |space| cut + space + 1)
}

/// Where the matches lie in `content`, in characters, read off the marked copy.
fn matches(content: &str, marked: &str) -> Vec<(usize, usize)> {
    let mut matches = Vec::new();
    let mut original = content.chars().peekable();
    let mut index = 0;
    let mut open = None;
    for c in marked.chars() {
        if original.peek() == Some(&c) {
            original.next();
            index += 1;
        } else if c == OPEN {
            open = Some(index);
        } else if c == CLOSE
            && let Some(start) = open.take()
        {
            matches.push((start, index));
        }
    }
    matches
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::indexing_slicing)]

    use super::snippet;

    /// The marked parts of a snippet, cut out by the UTF-16 offsets.
    fn parts(text: &str, ranges: &[(u32, u32)]) -> Vec<String> {
        let units: Vec<u16> = text.encode_utf16().collect();
        ranges
            .iter()
            .map(|(from, to)| {
                String::from_utf16(&units[*from as usize..*to as usize]).expect("whole characters")
            })
            .collect()
    }

    #[test]
    fn ranges_count_utf16_units() {
        let (text, ranges) = snippet("😀 un café y café", "😀 un \u{2}café\u{3} y \u{2}café\u{3}");
        assert_eq!(text, "😀 un café y café");
        assert_eq!(ranges, [(6, 10), (13, 17)]);
        assert_eq!(parts(&text, &ranges), ["café", "café"]);
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let lead = "uno dos tres ".repeat(20);
        let tail = " cuatro".repeat(60);
        let content = format!("{lead}hola{tail}");
        let (text, ranges) = snippet(&content, &format!("{lead}\u{2}hola\u{3}{tail}"));
        assert!(text.starts_with('…') && text.ends_with('…'), "{text}");
        assert_eq!(text.chars().count(), 162, "{text}");
        assert_eq!(parts(&text, &ranges), ["hola"]);
    }

    #[test]
    fn marks_in_the_text_itself_break_nothing() {
        let (text, ranges) = snippet("a\u{2}b\u{3}", "\u{2}a\u{3}\u{2}\u{2}b\u{3}\u{3}");
        assert_eq!(text.chars().count(), 4);
        assert!(ranges.iter().all(|(from, to)| from < to && *to <= 4), "{ranges:?}");
    }
}
