//! How many tests the runners say they ran.

/// Tests that passed and failed, over all runners.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
}

impl Counts {
    /// Takes the numbers out of a line of output, if it is a runner's summary.
    pub fn read(&mut self, line: &str) {
        let line = without_colours(line);
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("test result:") {
            // cargo: `test result: ok. 12 passed; 0 failed; 0 ignored; …`
            self.add(rest, &[';', '.']);
        } else if let Some(rest) = line.strip_prefix("Tests ") {
            // vitest: `Tests  2 failed | 34 passed (36)`
            self.add(rest, &['|', '(']);
        } else if let Some((mark, rest)) = line.split_once(' ')
            && matches!(mark, "#" | "ℹ")
        {
            // node --test: `# pass 12` where there is no terminal, `ℹ pass 12` where there is
            let mut words = rest.split_whitespace();
            match (words.next(), words.next().and_then(|n| n.parse::<u64>().ok())) {
                (Some("pass"), Some(number)) => self.passed += number,
                (Some("fail"), Some(number)) => self.failed += number,
                _ => {}
            }
        }
    }

    fn add(&mut self, text: &str, separators: &[char]) {
        for part in text.split(separators) {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<u64>().ok());
            match (number, words.next()) {
                (Some(number), Some("passed")) => self.passed += number,
                (Some(number), Some("failed")) => self.failed += number,
                _ => {}
            }
        }
    }
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            // A colour is `ESC [ digits m`.
            for rest in letters.by_ref() {
                if rest.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_summary_of_each_runner() {
        let cases = [
            (
                "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s",
                12,
                0,
            ),
            ("test result: FAILED. 5 passed; 2 failed; 0 ignored", 5, 2),
            ("      Tests  34 passed (34)", 34, 0),
            (
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m2 failed\u{1b}[39m\u{1b}[22m | \u{1b}[32m34 passed\u{1b}[39m (36)",
                34,
                2,
            ),
            ("# pass 7", 7, 0),
            ("ℹ fail 1", 0, 1),
            ("# passed 7 stars", 0, 0),
            ("Test Files  9 passed (9)", 0, 0),
            ("it said: test result: ok. 1 passed", 0, 0),
            ("", 0, 0),
        ];
        for (line, passed, failed) in cases {
            let mut counts = Counts::default();
            counts.read(line);
            assert_eq!(counts, Counts { passed, failed }, "line {line:?}");
        }
    }
}
