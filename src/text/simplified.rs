//! Traditional Chinese characters and the Simplified ones that replace them.
//!
//! The table is put into weights that translate from Chinese, and the trainer reads its Chinese with it; nothing else needs it. It is
//! made by `tools/simplified.mjs` from the dictionaries of [OpenCC](https://github.com/BYVoid/OpenCC) 1.4.1 (Apache-2.0), so that
//! Simplified text stays as it is: of 2.6 million Simplified lines of the training text it changes 0.2 %, nearly all of them lines with
//! stray Traditional characters.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::language::is_chinese;
use super::respelling::Respelling;

/// The table, as [`Respelling::parse`] takes it.
pub const TABLE: &str = include_str!("simplified.tsv");

/// The table of spellings for weights that translate from a language (a BCP 47 tag).
#[must_use]
pub fn table_for(language: &str) -> Option<&'static str> {
    is_chinese(language).then_some(TABLE)
}

/// Text as weights read it that translate from a language (a BCP 47 tag) and carry its table.
///
/// # Panics
/// Never: a test holds the table to be sound.
#[must_use]
pub fn as_read<'a>(text: &'a str, language: &str) -> Cow<'a, str> {
    static RESPELLING: LazyLock<Respelling> =
        LazyLock::new(|| Respelling::parse(TABLE.as_bytes()).expect("the table is sound"));
    match table_for(language) {
        Some(_) => RESPELLING.apply(text).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, expected) in [
            ("我們說繁體中文。", "我们说繁体中文。"),
            ("後來他於臺灣開車", "后来他于台湾开车"),
            ("乾隆是著名的皇帝", "乾隆是著名的皇帝"),
            ("乾隆年間的顯著變化", "乾隆年间的显著变化"),
            ("把衣服擦乾，看著我", "把衣服擦干，看着我"),
            ("請問「洗手間」在哪裡？", "请问“洗手间”在哪里？"),
            ("頭髮和發展", "头发和发展"),
            ("麵條、麵包和一隻貓", "面条、面包和一只猫"),
            ("我瞭解這個計畫", "我了解这个计划"),
            (
                "简体字不变，著作、征求、昇腾",
                "简体字不变，著作、征求、昇腾",
            ),
            ("日本語も", "日本语も"),
            ("軟體和網路，我想像著", "软件和网络，我想象着"),
            ("穿著有點緊，著有《家》", "穿着有点紧，著有《家》"),
            ("abc 123 🎉", "abc 123 🎉"),
        ] {
            assert_eq!(as_read(text, "zh"), expected);
        }
        assert_eq!(as_read("漢字", "ja"), "漢字");
    }
}
