//! A Chinese sentence whose parts were translated one by one.

use super::render::space;
use crate::text::characters::{is_han, is_wide_mark};
use crate::text::edited::Edited;
use crate::text::placeholders::{PLACEHOLDERS, is_placeholder};
use crate::text::protected::{Kind, Span};
use crate::text::typography::set;

/// What is left of a part whose only word is one that Chinese does without: its marks.
pub fn without_article(part: &str) -> Option<String> {
    let word = part.trim_matches(|c: char| !c.is_alphanumeric());
    ["the", "a", "an"]
        .iter()
        .any(|article| article.eq_ignore_ascii_case(word))
        .then(|| part.replacen(word, "", 1))
}

/// The sentence while it is put together; it is set as one, with placeholders for what is protected.
#[derive(Debug, Default)]
pub struct Patchwork<'a> {
    text: String,
    /// What the placeholders stand for, in order.
    parts: Vec<(&'a str, Kind)>,
}

impl<'a> Patchwork<'a> {
    /// Where what comes next will stand.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Adds the translation of a part.
    pub fn push(&mut self, translation: &str) {
        self.push_plain(translation);
    }

    /// Adds what stands between two parts: a range of `text`, in which `spans` are protected.
    pub fn push_between(&mut self, text: &'a str, range: std::ops::Range<usize>, spans: &[Span]) {
        let mut at = range.start;
        for span in spans {
            self.push_plain(&text[at..span.range.start]);
            self.text.push(PLACEHOLDERS[0]);
            self.parts.push((&text[span.range.clone()], span.kind));
            at = span.range.end;
        }
        self.push_plain(&text[at..range.end]);
    }

    /// A placeholder of the user's own stands for itself.
    fn push_plain(&mut self, text: &str) {
        const ITSELF: (&str, Kind) = ("\u{e000}", Kind::Placeholder);
        let own = text.matches(PLACEHOLDERS[0]).count();
        self.parts.extend(std::iter::repeat_n(ITSELF, own));
        self.text.push_str(text);
    }

    /// The sentence, and where everything that was added went.
    pub fn finish(self) -> Edited {
        let tight = without_gaps(&self.text);
        let set = set(&tight.text, "zh");
        let restored = restore(&set.text, &self.parts);
        tight.then(set).then(restored)
    }
}

/// Without the spaces between Chinese and protected parts among Chinese.
fn without_gaps(text: &str) -> Edited {
    let is_chinese = |c: char| is_han(c) || is_wide_mark(c);
    let mut edited = Edited::with_capacity(text.len());
    // Whether what was last, but for placeholders and spaces, is Chinese.
    let mut behind = false;
    let mut last = None;
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let beside = [last, rest.chars().next()]
            .iter()
            .any(|c| c.is_some_and(is_placeholder));
        last = Some(c);
        if c == ' ' && beside && behind {
            let next = rest.chars().find(|&c| c != ' ' && !is_placeholder(c));
            if next.is_some_and(is_chinese) {
                edited.replace(1, "");
                continue;
            }
        }
        if c != ' ' && !is_placeholder(c) {
            behind = is_chinese(c);
        }
        edited.copy(c.encode_utf8(&mut [0; 4]));
    }
    edited.finish()
}

/// Puts the protected parts in the places of their placeholders.
fn restore(text: &str, parts: &[(&str, Kind)]) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut parts = parts.iter();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let part = (c == PLACEHOLDERS[0]).then(|| parts.next()).flatten();
        if let Some(&(part, kind)) = part {
            let next = chars.peek().copied().filter(|&c| !is_placeholder(c));
            let before = edited.text.chars().next_back();
            let markup = kind == Kind::Markup;
            let left = if markup {
                ""
            } else {
                space(before, part.chars().next(), kind, false)
            };
            let right = if markup {
                ""
            } else {
                space(next, part.chars().next_back(), kind, false)
            };
            edited.replace(c.len_utf8(), &format!("{left}{part}{right}"));
        } else {
            edited.copy(c.encode_utf8(&mut [0; 4]));
        }
    }
    edited.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::protected::find;

    /// Translations in the places of what is in angle quotes.
    fn patched(source: &str) -> String {
        let text = source.replace(['‹', '›'], "");
        let spans = find(&text);
        let mut patchwork = Patchwork::default();
        let mut at = 0;
        for (n, part) in source.split(['‹', '›']).enumerate() {
            let range = at..at + part.len();
            at = range.end;
            if n % 2 == 1 {
                patchwork.push(part);
            } else {
                let within = |span: &&Span| range.start <= span.range.start && span.range.end <= at;
                let spans: Vec<Span> = spans.iter().filter(within).cloned().collect();
                patchwork.push_between(&text, range, &spans);
            }
        }
        let length = patchwork.len();
        let edited = patchwork.finish();
        assert_eq!(edited.map.len(), length + 1);
        edited.text
    }

    #[test]
    fn marks_and_spaces_are_chinese() {
        for (source, expected) in [
            (
                "‹看看› **‹用户指南›**,  **‹常见问题›** ‹和› **‹论坛›**.",
                "看看**用户指南**，**常见问题**和**论坛**。",
            ),
            (
                "‹点击›<a href=\"x, y\"> ‹链接›</a>.",
                "点击<a href=\"x, y\">链接</a>。",
            ),
            ("‹看› **‹FAQ›** ‹吧›!", "看 **FAQ** 吧！"),
            ("‹看› https://a.b/c, ‹好›.", "看 https://a.b/c，好。"),
            ("‹用› `x = 1` ‹吗›?", "用`x = 1`吗？"),
            ("‹看› \u{e000} ‹\u{e000}›.", "看 \u{e000} \u{e000}。"),
            ("", ""),
        ] {
            assert_eq!(patched(source), expected, "{source}");
        }
    }

    #[test]
    fn articles() {
        assert_eq!(without_article("The").as_deref(), Some(""));
        assert_eq!(without_article(", an").as_deref(), Some(", "));
        assert_eq!(without_article("the user"), None);
        assert_eq!(without_article("this"), None);
        assert_eq!(without_article("…"), None);
    }
}
