//! A text as its sentences are found: without markup, of which only is left where lines and quotations would be.

use std::ops::Range;

use crate::text::characters::is_line_break;
use crate::text::edited::Edited;
use crate::text::protected::{Kind, Span};
use crate::text::sentences;

/// HTML elements that stand on lines of their own; in order.
const BLOCKS: [&str; 56] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "col",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "label",
    "legend",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "optgroup",
    "option",
    "p",
    "pre",
    "script",
    "section",
    "select",
    "style",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
];

/// Sentences of a text in a language (a BCP 47 tag) in which `spans` are protected.
pub fn split(text: &str, spans: &[Span], language: &str) -> Vec<Range<usize>> {
    if spans.iter().all(|span| span.kind != Kind::Markup) {
        return sentences::split(text, language);
    }
    let view = view(text, spans);
    sentences::split(&view.text, language)
        .iter()
        .map(|sentence| view.backward(sentence))
        .collect()
}

/// Whether markup is a tag at which a line begins or ends.
pub fn is_block_tag(markup: &str) -> bool {
    tag_name(markup).is_some_and(is_block)
}

/// The text where markup has become quotation marks, and tags of blocks line breaks beside them.
fn view(text: &str, spans: &[Span]) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut open = Vec::new();
    let mut at = 0;
    for span in spans.iter().filter(|span| span.kind == Kind::Markup) {
        let between = &text[at..span.range.start];
        if between.contains(is_line_break) {
            open.clear();
        }
        edited.copy(between);
        at = span.range.end;
        let looks = look(text, &span.range, &mut open);
        if looks.is_empty() {
            edited.copy(&text[span.range.clone()]);
        } else {
            edited.replace(span.range.len(), looks);
        }
    }
    edited.copy(&text[at..]);
    edited.finish()
}

/// What stands for the markup in a range; nothing where it is what it looks like. `open` are the marks of emphasis that have
/// been opened on this line.
fn look<'a>(text: &'a str, range: &Range<usize>, open: &mut Vec<&'a str>) -> &'static str {
    const OPENS: &str = "‘";
    const CLOSES: &str = "’";
    let markup = &text[range.clone()];
    let spaced_before = text[..range.start]
        .chars()
        .next_back()
        .is_none_or(char::is_whitespace);
    let spaced_behind = text[range.end..]
        .chars()
        .next()
        .is_none_or(char::is_whitespace);
    let touching = if spaced_before { OPENS } else { CLOSES };
    match markup.as_bytes()[0] {
        b'<' => {
            let Some(name) = tag_name(markup) else {
                return touching;
            };
            let closes = markup.starts_with("</");
            match (is_block(name), closes) {
                (true, true) => "’\n",
                (true, false) if name.eq_ignore_ascii_case("br") => "’\n",
                (true, false) if name.eq_ignore_ascii_case("hr") => "\n’\n",
                // A whole element.
                (true, false) if markup.contains("</") => "\n’\n",
                (true, false) => "\n‘",
                (false, true) => CLOSES,
                (false, false) if is_empty_element(name) || markup.ends_with("/>") => touching,
                (false, false) => OPENS,
            }
        }
        b'!' => OPENS,
        b'[' if markup == "[" => OPENS,
        b']' | b'[' => CLOSES,
        b'*' | b'_' | b'~' => {
            let known = open.iter().position(|&other| other == markup);
            let closes = match (spaced_before, spaced_behind) {
                (true, false) => false,
                (false, true) => true,
                _ => known.is_some(),
            };
            match known {
                Some(place) if closes => drop(open.remove(place)),
                None if !closes => open.push(markup),
                _ => {}
            }
            if closes { CLOSES } else { OPENS }
        }
        _ => "",
    }
}

fn tag_name(markup: &str) -> Option<&str> {
    let body = markup.strip_prefix('<')?;
    let body = body.strip_prefix('/').unwrap_or(body);
    let end = body.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
    Some(&body[..end]).filter(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

fn is_block(name: &str) -> bool {
    BLOCKS.iter().any(|block| block.eq_ignore_ascii_case(name))
}

fn is_empty_element(name: &str) -> bool {
    ["img", "input", "wbr", "embed"]
        .iter()
        .any(|empty| empty.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fuzz::{Fuzz, assert_covers};
    use crate::translator::layout::Layout;

    /// Sentences are separated by `|` in the tables.
    fn check(language: &str, marked: &str) {
        let text = marked.replace('|', "");
        let layout = Layout::new(&text, language);
        assert_covers(&text, &layout.sentences);
        let found: Vec<&str> = layout.sentences.iter().map(|s| &text[s.clone()]).collect();
        let expected: Vec<&str> = marked.split('|').map(str::trim).collect();
        assert_eq!(found, expected, "{marked}");
    }

    #[test]
    fn blocks_are_sentences_of_their_own() {
        for marked in [
            "<h1>My title</h1>|<p>This is the text.</p>",
            "<ul>|<li>One item</li>|<li>Another item</li>|</ul>",
            "<TABLE>|<tr>|<td class=\"a. B\">Name</td>|<td>First name</td>|</tr>|</TABLE>",
            "First line<br>|second line<br/>|third",
            "<p>A <b>bold</b> word. |<i>Another</i> sentence.</p>| And more",
            "before|<hr>|after|<pre>x. Y</pre>|end",
            "<p>1. Open it. |2. Close it.</p>",
            "<div>|<p>text</p>|</div>",
            "A <span>word</span> and <progress>, a <pre-x>y</pre-x>",
        ] {
            check("en", marked);
        }
        for marked in ["<p>第一段在这里</p>|<p>第二段在那里</p>", "第一<br>|第二"] {
            check("zh", marked);
        }
    }

    #[test]
    fn markup_that_closes_belongs_to_its_sentence() {
        for marked in [
            "<b>Note.</b> |Please read it.",
            "He said **no.** |Then he left.",
            "He said **no.** and **left.**",
            "**Stop!** |~~Go.~~ |*Wait.* |Done",
            "See [the docs.](https://a.b/c) |**Then** read [it](x).",
            "<a href=\"x\">One.</a> |<b>Two</b>",
            "Mr. <b>Smith</b> and approx. <i>five</i>",
            "It ends.<img src=\"a.b\"/> |<img src=\"c\"> Another.",
            "One. |<!-- a. B --> Two.",
            "It began in 1850.[1] |It has 5,000.[2][3] |The U.S.[a] army.[citation needed] |Then",
        ] {
            check("en", marked);
        }
        for marked in [
            "**注意！**|请小心。|**好。**|~~再见。~~",
            "<b>重要提示。</b>|请阅读。",
            "见[文档。](https://a.b)|好",
            "（<b>好！</b>）|好",
            "始于1850年。[1]|现有5000人。[2][3]|市长",
            "点击*保存。*|好",
        ] {
            check("zh", marked);
        }
    }

    #[test]
    fn nasty_texts_are_covered() {
        const TAGS: [&str; 14] = [
            "<p>",
            "</p>",
            "<br>",
            "<hr/>",
            "<li>",
            "</td>",
            "<b>",
            "</b>",
            "<img>",
            "<pre>",
            "</pre>",
            "*a*",
            " **",
            "<!-- . -->",
        ];
        let mut fuzz = Fuzz::new(17);
        for _ in 0..3000 {
            let text: String = (0..6)
                .map(|_| TAGS[fuzz.number(0..TAGS.len())].to_owned() + &fuzz.text(4))
                .collect();
            for language in ["en", "zh"] {
                assert_covers(&text, &Layout::new(&text, language).sentences);
            }
        }
    }

    #[test]
    fn blocks_are_in_order() {
        assert!(BLOCKS.is_sorted());
        assert!(is_block_tag("</DIV>") && is_block_tag("<br/>") && !is_block_tag("<b>"));
    }
}
