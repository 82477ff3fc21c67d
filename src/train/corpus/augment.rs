//! The way visitors type: lower case, CAPITALS, no full stop at the end, typing errors; sentences with placeholders, which
//! stand for what must be copied; and what the corpus has little of, Chinese names and prices.

use super::config::AugmentConfig;
use super::{Pair, currency, hash, people};
use crate::text::characters::is_han;
use crate::text::language::{is_chinese, is_english};
use crate::text::placeholders::PLACEHOLDERS;

const FINAL: [char; 7] = ['.', '!', '?', '。', '！', '？', '…'];

#[derive(Clone, Copy)]
enum Change {
    Lower,
    Upper,
    Bare,
    Typed,
    Placeholders,
    Typo,
    Person,
    Yuan,
}

/// Changed copies of a pair in `languages`, drawn by its text and the seed, so that the same configuration always
/// gives the same data. Usually none.
pub fn variants<'a>(
    pair: &'a Pair,
    languages: (&'a str, &'a str),
    shares: &AugmentConfig,
    seed: u64,
) -> impl Iterator<Item = (String, String)> + 'a {
    // A change's place decides what is drawn for it.
    let changes = [
        (shares.lower, Change::Lower),
        (shares.upper, Change::Upper),
        (shares.no_final_punctuation, Change::Bare),
        (shares.typed, Change::Typed),
        (shares.placeholders, Change::Placeholders),
        (shares.typos, Change::Typo),
        (shares.people, Change::Person),
        (shares.yuan, Change::Yuan),
    ];
    (0_u64..)
        .zip(changes)
        .filter_map(move |(kind, (share, change))| {
            let draw = hash(&[
                pair.source.as_bytes(),
                pair.target.as_bytes(),
                &seed.to_le_bytes(),
                &kind.to_le_bytes(),
            ]);
            // The top 53 bits as a number in 0..1.
            let chance = (draw >> 11) as f64 / (1_u64 << 53) as f64;
            if chance >= f64::from(share) {
                return None;
            }
            let (source, target) = change.applied(&pair.source, &pair.target, languages)?;
            (source != pair.source && !source.is_empty() && !target.is_empty())
                .then_some((source, target))
        })
}

impl Change {
    fn applied(self, s: &str, t: &str, languages: (&str, &str)) -> Option<(String, String)> {
        Some(match self {
            Self::Lower => (s.to_lowercase(), t.to_owned()),
            Self::Upper => (s.to_uppercase(), t.to_owned()),
            Self::Bare => (bare(s), bare(t)),
            Self::Typed => (bare(s).to_lowercase(), t.to_owned()),
            Self::Placeholders => with_placeholders(s, t),
            Self::Typo => (with_typo(s, t), t.to_owned()),
            Self::Person => in_english_and_chinese(people::renamed, s, t, languages)?,
            Self::Yuan => in_english_and_chinese(currency::in_yuan, s, t, languages)?,
        })
    }
}

/// A change of the English and the Chinese side, whichever of them is the source.
fn in_english_and_chinese(
    change: fn(&str, &str) -> Option<(String, String)>,
    source: &str,
    target: &str,
    languages: (&str, &str),
) -> Option<(String, String)> {
    let (from, to) = languages;
    if is_english(from) && is_chinese(to) {
        change(source, target)
    } else if is_chinese(from) && is_english(to) {
        change(target, source).map(|(english, chinese)| (chinese, english))
    } else {
        None
    }
}

fn bare(text: &str) -> String {
    text.trim_end_matches(FINAL).to_owned()
}

/// Mistypes a word of the source that the target does not spell alike: one of at least five small letters, since a mistyped
/// short word is often another word.
fn with_typo(source: &str, target: &str) -> String {
    const SHORTEST: usize = 5;
    let draw = |kind: u8| hash(&[source.as_bytes(), &[kind]]) as usize;
    let words: Vec<&str> = source
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() >= SHORTEST && word.bytes().all(|b| b.is_ascii_lowercase()))
        .filter(|word| stands_once(source, word) && !target.contains(word))
        .collect();
    let Some(&word) = words.get(draw(0) % words.len().max(1)) else {
        return source.to_owned();
    };
    let mut letters: Vec<char> = word.chars().collect();
    // The first letter is seldom mistyped.
    let at = 1 + draw(1) % (letters.len() - 2);
    match draw(2) % 4 {
        0 => letters.swap(at, at + 1),
        1 => drop(letters.remove(at)),
        2 => letters.insert(at, letters[at]),
        _ => letters[at] = neighbour(letters[at], draw(3)),
    }
    source.replacen(word, &String::from_iter(letters), 1)
}

/// A letter beside a small letter, in its row of an English keyboard.
fn neighbour(letter: char, draw: usize) -> char {
    let rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let beside = rows.iter().find_map(|row| {
        let at = row.find(letter)?;
        let beside = if at == 0 || (at + 1 < row.len() && draw.is_multiple_of(2)) {
            at + 1
        } else {
            at - 1
        };
        row[beside..].chars().next()
    });
    beside.unwrap_or(letter)
}

/// Puts placeholders for the words that stand once on each side, as many as there are; else one at the start or the end.
fn with_placeholders(source: &str, target: &str) -> (String, String) {
    let (mut new_source, mut new_target) = (source.to_owned(), target.to_owned());
    let mut placeholders = PLACEHOLDERS.iter();
    for word in source.split(|c: char| !c.is_ascii_alphanumeric()) {
        let copied = word.len() > 1 && stands_once(source, word) && stands_once(target, word);
        if copied && let Some(placeholder) = placeholders.next() {
            new_source = new_source.replacen(word, &placeholder.to_string(), 1);
            new_target = new_target.replacen(word, &placeholder.to_string(), 1);
        }
    }
    if new_source != source {
        return (new_source, new_target);
    }
    let placeholder = PLACEHOLDERS[0];
    if hash(&[source.as_bytes()]).is_multiple_of(4) {
        let first = |text: &str| format!("{placeholder}{}{text}", space_beside(text));
        (first(source), first(target))
    } else {
        let last = |text: &str| format!("{text}{}{placeholder}", space_beside(text));
        (last(source), last(target))
    }
}

/// What stands between a text and a placeholder: nothing in a script that is written without spaces.
fn space_beside(text: &str) -> &'static str {
    if text.chars().any(is_han) { "" } else { " " }
}

/// Whether a word occurs exactly once in a text and is not part of a longer one.
fn stands_once(text: &str, word: &str) -> bool {
    let mut places = text.match_indices(word).map(|(at, _)| at);
    let (Some(at), None) = (places.next(), places.next()) else {
        return false;
    };
    let part_of_word = |c: char| c.is_ascii_alphanumeric();
    !text[..at].ends_with(part_of_word) && !text[at + word.len()..].starts_with(part_of_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(shares: &AugmentConfig, source: &str) -> Vec<(String, String)> {
        let pair = Pair {
            source: source.into(),
            target: "你好！".into(),
            score: 0.0,
            weight: 1.0,
            origin: 0,
        };
        variants(&pair, ("en", "zh"), shares, 7).collect()
    }

    #[test]
    fn each_change() {
        let none = AugmentConfig::default();
        assert!(all(&none, "Hello!").is_empty());
        let every = AugmentConfig {
            lower: 1.0,
            upper: 1.0,
            no_final_punctuation: 1.0,
            typed: 1.0,
            placeholders: 1.0,
            typos: 1.0,
            people: 1.0,
            yuan: 1.0,
        };
        let expected = [
            ("hello!", "你好！"),
            ("HELLO!", "你好！"),
            ("Hello", "你好"),
            ("hello", "你好！"),
            ("Hello! \u{e000}", "你好！\u{e000}"),
        ];
        assert_eq!(
            all(&every, "Hello!"),
            expected.map(|(s, t)| (s.to_owned(), t.to_owned()))
        );
        assert!(
            all(&AugmentConfig { lower: 1.0, ..none }, "hello").is_empty(),
            "nothing changed"
        );
    }

    #[test]
    fn people_and_prices_change_in_either_direction() {
        let shares = AugmentConfig {
            people: 1.0,
            yuan: 1.0,
            ..AugmentConfig::default()
        };
        let pair = |source: &str, target: &str| Pair {
            source: source.into(),
            target: target.into(),
            score: 0.0,
            weight: 1.0,
            origin: 0,
        };
        let (english, chinese) = ("Tom paid $50.", "汤姆付了50美元。");
        let forward = pair(english, chinese);
        let backward = pair(chinese, english);
        let forward: Vec<_> = variants(&forward, ("en", "zh"), &shares, 7).collect();
        let backward: Vec<_> = variants(&backward, ("zh", "en"), &shares, 7)
            .map(|(source, target)| (target, source))
            .collect();
        assert_eq!(forward.len(), 2);
        assert_eq!(forward, backward);
        let tagged = pair(english, chinese);
        let tagged: Vec<_> = variants(&tagged, ("en-GB", "zh-Hans"), &shares, 7).collect();
        assert_eq!(forward, tagged);
        assert!(!forward[0].0.contains("Tom") && forward[1].0 == "Tom paid 50 yuan.");
        let pair = pair("Tom paid $50.", "Tom zahlte 50 Dollar.");
        assert_eq!(variants(&pair, ("en", "de"), &shares, 7).count(), 0);
    }

    #[test]
    fn one_longer_word_is_mistyped() {
        let sources = [
            "the weather is beautiful in spring",
            "please send another message before monday",
            "my brother bought apples yesterday evening",
            "nothing happened while everybody waited outside",
        ];
        for source in sources {
            let mistyped = with_typo(source, "");
            let changed: Vec<(&str, &str)> = source
                .split(' ')
                .zip(mistyped.split(' '))
                .filter(|(before, after)| before != after)
                .collect();
            let [(before, after)] = changed[..] else {
                panic!("{mistyped}");
            };
            assert!(before.len() >= 5 && before.len().abs_diff(after.len()) <= 1);
            assert_eq!(before[..1], after[..1]);
        }
        for (source, target) in [
            ("he is in Beijing", ""),
            ("4chan A4 naïveté", ""),
            ("open numpy", "打开numpy"),
            ("", ""),
        ] {
            assert_eq!(with_typo(source, target), source);
        }
        for (letter, draw, expected) in [('q', 1, 'w'), ('p', 0, 'o'), ('g', 0, 'h'), ('g', 1, 'f')]
        {
            assert_eq!(neighbour(letter, draw), expected);
        }
    }

    #[test]
    fn words_spelt_alike_become_placeholders() {
        for (source, target, expected) in [
            (
                "Use Rust 2024 or Go.",
                "用Rust 2024或Go。",
                (
                    "Use \u{e000} \u{e001} or \u{e002}.",
                    "用\u{e000} \u{e001}或\u{e002}。",
                ),
            ),
            // Twice on one side, or inside a longer word: not to be told apart.
            (
                "Rust, Rust 22",
                "用Rust 221",
                ("\u{e000} Rust, Rust 22", "\u{e000}用Rust 221"),
            ),
        ] {
            let (s, t) = with_placeholders(source, target);
            let at_an_end = (format!("{source} \u{e000}"), format!("{target}\u{e000}"));
            assert!(
                (s.as_str(), t.as_str()) == expected || (s.clone(), t.clone()) == at_an_end,
                "{s} {t}"
            );
        }
    }

    #[test]
    fn a_placeholder_stands_apart_where_words_do() {
        let sources = [
            "你好。",
            "谢谢。",
            "再见！",
            "早上好。",
            "晚安。",
            "对不起。",
        ];
        let placed = sources.map(|source| with_placeholders(source, "A word."));
        for ((source, target), before) in placed.iter().zip(sources) {
            let first = source.starts_with('\u{e000}');
            let expected = if first {
                (format!("\u{e000}{before}"), "\u{e000} A word.".to_owned())
            } else {
                (format!("{before}\u{e000}"), "A word. \u{e000}".to_owned())
            };
            assert_eq!((source.clone(), target.clone()), expected);
        }
    }

    #[test]
    fn shares_are_kept_and_draws_repeat() {
        let shares = AugmentConfig {
            lower: 0.25,
            ..AugmentConfig::default()
        };
        let drawn = |_| {
            (0..2000)
                .filter(|i| !all(&shares, &format!("Hello {i}")).is_empty())
                .count()
        };
        assert!((400..600).contains(&drawn(0)), "{}", drawn(0));
        assert_eq!(drawn(0), drawn(1));
    }
}
