//! Traditional Chinese characters and the Simplified ones that replace them.
//!
//! Models read and write Simplified Chinese. Text in Traditional characters is mostly the same language spelt otherwise, and
//! character by character it can be respelt safely where the Traditional form does not exist in Simplified text. The few that
//! do exist there (乾 in 乾隆, 著 in 著名) stay as they are.
//!
//! The table is taken from `OpenCC`'s `TSCharacters.txt` (Apache-2.0): the first choice for each character, without those that
//! GB 2312, the character set of Simplified Chinese, has itself (後, 於 and 麽 excepted), and without replacements outside it.

/// Pairs of a Traditional and its Simplified character, three bytes each, in ascending order.
const TABLE: &str = include_str!("simplified.txt");
/// Bytes of a pair.
const PAIR: usize = 6;

/// The Simplified form of a Traditional character, `None` for all others.
#[must_use]
pub fn simplified(c: char) -> Option<&'static str> {
    // Below, there are no Han characters.
    if c < '\u{4e00}' {
        return None;
    }
    let traditional = |at: usize| TABLE[at * PAIR..].chars().next();
    let (mut low, mut high) = (0, TABLE.len() / PAIR);
    while low < high {
        let middle = low.midpoint(high);
        match traditional(middle)?.cmp(&c) {
            std::cmp::Ordering::Equal => return TABLE.get(middle * PAIR + 3..(middle + 1) * PAIR),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let chars: Vec<char> = TABLE.trim_end().chars().collect();
        assert!(chars.iter().all(|c| c.len_utf8() == 3));
        assert!(
            chars.chunks(2).is_sorted_by(|a, b| a[0] < b[0]),
            "ascending, none twice"
        );
        for pair in chars.chunks(2) {
            let [traditional, new] = pair else {
                panic!("a character without its Simplified form");
            };
            let found = simplified(*traditional);
            assert_eq!(found, Some(new.to_string().as_str()), "{traditional}");
            assert_eq!(simplified(*new), None, "{new} would change again");
        }
    }

    #[test]
    fn texts() {
        for (text, expected) in [
            ("我們說繁體中文。", "我们说繁体中文。"),
            ("後來他於臺灣開車", "后来他于台湾开车"),
            ("乾隆是著名的皇帝", "乾隆是著名的皇帝"),
            ("简体字不变，日本語も", "简体字不变，日本语も"),
            ("abc 123 🎉", "abc 123 🎉"),
        ] {
            let spelt: String = text
                .chars()
                .map(|c| simplified(c).map_or(c.to_string(), str::to_owned))
                .collect();
            assert_eq!(spelt, expected);
        }
    }
}
