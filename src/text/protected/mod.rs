//! Parts of a text that a translator should copy rather than translate: addresses, emoji, placeholders, markup, code.

mod address;
mod emoji;
mod emoticon;
mod footnote;
mod markdown;
mod markup;
mod math;
mod mention;

use std::ops::Range;

use super::references;

/// What a protected part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `https://example.com/a?b=c`, `www.example.org`, `example.com`, `mailto:a@example.com`.
    Url,
    /// `name@example.com`.
    Email,
    /// `@name`.
    Mention,
    /// One or more emoji in a row, with their modifiers and joiners, or an emoticon: `:)`, `<3`.
    Emoji,
    /// A value that a program fills in: `{name}`, `{{ name }}`, `${name}`, `%s`, `%1$d`, `%(name)s`, `%name%`.
    Placeholder,
    /// A tag (`<b>`, `</a>`, `<img src="x"/>`, `<0>`), a comment, a character reference that is not
    /// [read](references::character) (`&lt;`), or what Markdown puts
    /// around a text: `*`, `**`, `~~`, `[` and `](address)`, or a reference to a footnote (`[1]`).
    Markup,
    /// Code between backticks, and what is like it: `user_name`, `C:\Users`, `$x^2$`, `[1, 2, 3]`.
    Code,
    /// Words of another script than that of the text. Only the translator, which knows the language, looks for them.
    Foreign,
}

/// A protected part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// Every protected part, in order and without overlaps. Takes time proportional to the length of the text.
#[must_use]
pub fn find(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans: Vec<Span> = Vec::new();
    let mut hosts = address::Hosts::default();
    let mut code = markup::CodeSpans::default();
    let mut comments = markup::Comments::default();
    let mut links = markdown::Links::default();
    let mut emphasis = markdown::Single::default();
    let mut at = 0;
    while at < bytes.len() {
        // Nothing before this may become part of a span any more.
        let free = spans.last().map_or(0, |span| span.range.end);
        let found = match bytes[at] {
            b':' => address::with_scheme(text, at, free)
                .map(|range| (range, Kind::Url))
                .or_else(|| emoticon::at(text, at, free).map(|range| (range, Kind::Emoji))),
            b'.' => hosts.bare(text, at, free).map(|range| (range, Kind::Url)),
            b'@' => address::email(bytes, at, free)
                .map(|range| (range, Kind::Email))
                .or_else(|| mention::at(text, at, free).map(|range| (range, Kind::Mention))),
            b'`' => code.at(bytes, at).map(|range| (range, Kind::Code)),
            b'<' => comments
                .at(text, at)
                .or_else(|| markup::tag(bytes, at))
                .map(|range| (range, Kind::Markup))
                .or_else(|| emoticon::at(text, at, free).map(|range| (range, Kind::Emoji))),
            b'&' => references::at(bytes, at)
                .filter(|range| references::character(&text[range.clone()]).is_none())
                .map(|range| (range, Kind::Markup)),
            b'{' => markup::braces(text, at, free).map(|range| (range, Kind::Placeholder)),
            b'%' => markup::percent(bytes, at).map(|range| (range, Kind::Placeholder)),
            b'[' => links
                .open(bytes, at, free)
                .or_else(|| footnote::at(text, at, free))
                .map(|range| (range, Kind::Markup))
                .or_else(|| math::list(bytes, at).map(|range| (range, Kind::Code))),
            b'$' => math::formula(bytes, at).map(|range| (range, Kind::Code)),
            b']' => links.close(at).map(|range| (range, Kind::Markup)),
            b'*' | b'~' if bytes.get(at + 1) == Some(&bytes[at]) => {
                markdown::emphasis(bytes, at).map(|range| (range, Kind::Markup))
            }
            b'*' | b'_' => emphasis
                .at(text, at)
                .map(|range| (range, Kind::Markup))
                .or_else(|| emoji::run(text, at).map(|range| (range, Kind::Emoji))),
            b'#' | b'0'..=b'9' | 0x80.. => emoji::run(text, at).map(|range| (range, Kind::Emoji)),
            b';' | b'=' | b'^' | b'-' | b'>' | b'T' | b'O' | b'o' | b'x' => {
                emoticon::at(text, at, free).map(|range| (range, Kind::Emoji))
            }
            _ => None,
        };
        at = match found {
            Some((range, kind)) => {
                let end = range.end;
                spans.push(Span { range, kind });
                end
            }
            None => text.ceil_char_boundary(at + 1),
        };
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fuzz::{Fuzz, assert_ordered};

    fn check(kind: Kind, cases: &[(&str, &[&str])]) {
        for (text, expected) in cases {
            let found: Vec<_> = find(text)
                .into_iter()
                .filter(|span| span.kind == kind)
                .map(|span| &text[span.range])
                .collect();
            assert_eq!(&found, expected, "{text}");
        }
    }

    #[test]
    fn urls() {
        check(
            Kind::Url,
            &[
                (
                    "See https://example.com/a?b=c&d=%20#e.",
                    &["https://example.com/a?b=c&d=%20#e"],
                ),
                ("(http://a.org/x_(y))", &["http://a.org/x_(y)"]),
                (
                    "[a] (https://b.cn/), <https://c.de>",
                    &["https://b.cn/", "https://c.de"],
                ),
                (
                    "访问https://example.com，或www.example.org。",
                    &["https://example.com", "www.example.org"],
                ),
                (
                    "见https://zh.wikipedia.org/wiki/中文。",
                    &["https://zh.wikipedia.org/wiki/中文"],
                ),
                (
                    "见https://a.cn/了解，a.cn/更多，a.cn/?q=中文，a.cn/b/中文",
                    &["https://a.cn/", "a.cn/", "a.cn/?q=中文", "a.cn/b/中文"],
                ),
                ("请看https://example.com获取", &["https://example.com"]),
                (
                    "“http://a.b/c”… 'http://d.e'",
                    &["http://a.b/c", "http://d.e"],
                ),
                (
                    "HTTPS://A.COM/B, git+ssh://h:22/x!",
                    &["HTTPS://A.COM/B", "git+ssh://h:22/x"],
                ),
                ("*http://a.com*", &["http://a.com"]),
                (
                    "&quot;http://a.com/b?c&amp;d&copy=e&quot;",
                    &["http://a.com/b?c&amp;d&copy=e"],
                ),
                (
                    "mailto:a@b.com tel:+1-2-3",
                    &["mailto:a@b.com", "tel:+1-2-3"],
                ),
                ("hotel:+5 stars, email mailto: me", &[]),
                (
                    "Go to example.com. Then docs.example.co.uk:8080/x, ok?",
                    &["example.com", "docs.example.co.uk:8080/x"],
                ),
                (
                    "main.rs and the end.Next 3.14 Node.js a.m. e.g. U.S.A.",
                    &[],
                ),
                ("http:// and ://x and a://", &[]),
                ("x_example.com über.com @example.com john.com@x.org", &[]),
                (
                    "http://é.fr/ü http://кто.рф/я",
                    &["http://é.fr/ü", "http://кто.рф/я"],
                ),
                (
                    "localhost:80 http://localhost:80/",
                    &["http://localhost:80/"],
                ),
            ],
        );
    }

    #[test]
    fn emails() {
        check(
            Kind::Email,
            &[
                (
                    "Write to john.o'neil+x@mail.example.com.",
                    &["john.o'neil+x@mail.example.com"],
                ),
                ("发邮件到a@b.cn。<c@d.org>", &["a@b.cn", "c@d.org"]),
                ("'a@b.com' .a@b.com", &["a@b.com", "a@b.com"]),
                ("root@localhost, @user, a@, @b.com, a@b.1 a@@b.com", &[]),
                ("a@b.com@c.org", &["a@b.com"]),
            ],
        );
    }

    #[test]
    fn emoji() {
        check(
            Kind::Emoji,
            &[
                ("Hi 😀!", &["😀"]),
                ("👩\u{200d}🚀👍🏽 ok", &["👩\u{200d}🚀👍🏽"]),
                ("❤\u{fe0f}\u{200d}🔥", &["❤\u{fe0f}\u{200d}🔥"]),
                ("🇨🇳和🇬🇧", &["🇨🇳", "🇬🇧"]),
                (
                    "1\u{fe0f}\u{20e3} #\u{20e3} 1 2",
                    &["1\u{fe0f}\u{20e3}", "#\u{20e3}"],
                ),
                (
                    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}.",
                    &["🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"],
                ),
                (
                    "a → b, ☎\u{fe0f} ↔\u{fe0f} © ™ ©\u{fe0f}",
                    &["☎\u{fe0f}", "↔\u{fe0f}", "©\u{fe0f}"],
                ),
                ("\u{200d}\u{fe0f} e\u{301} 😀\u{200d}x", &["😀"]),
            ],
        );
    }

    #[test]
    fn emoticons() {
        check(
            Kind::Emoji,
            &[
                (
                    "Hi :) :-( ;-)! =D :'( :)))",
                    &[":)", ":-(", ";-)", "=D", ":'(", ":)))"],
                ),
                (
                    "I <3 you </3 ^_^ xD T_T",
                    &["<3", "</3", "^_^", "xD", "T_T"],
                ),
                ("明天见:)好 :/。", &[":)", ":/"]),
                (
                    "see http://a.b/c :// a:) f(x;) (a :) x=(1) :Dog 8) <3> 1 <30",
                    &[],
                ),
                ("a ^ b, x^^2, - o T x > y =", &[]),
            ],
        );
    }

    #[test]
    fn mentions() {
        check(
            Kind::Mention,
            &[
                ("@user, thank @j.doe_1. (@x)", &["@user", "@j.doe_1", "@x"]),
                ("@小明 你好，@人民 日报", &["@小明", "@人民"]),
                (
                    "谢谢@小明的帮助，@john你好，请@张三看一下这个",
                    &["@小明", "@john", "@张三"],
                ),
                ("a@b.cn @ home 3 @5 @@x a@b @这是一个很长的句子", &[]),
            ],
        );
    }

    #[test]
    fn placeholders() {
        check(
            Kind::Placeholder,
            &[
                (
                    "Hello {name}, {0} {} {user.first_name}!",
                    &["{name}", "{0}", "{}", "{user.first_name}"],
                ),
                (
                    "{{ count }} of {{{x}}} ${total} #{n} %{n} {0:.2f} {0, number}",
                    &[
                        "{{ count }}",
                        "{{{x}}}",
                        "${total}",
                        "#{n}",
                        "%{n}",
                        "{0:.2f}",
                        "{0, number}",
                    ],
                ),
                ("{名字}你好", &["{名字}"]),
                (
                    "You have {n, plural, =0 {none} one {# item} other {{n} items}}. {x, select,\n a{b}} {g,choice,x}",
                    &[
                        "{n, plural, =0 {none} one {# item} other {{n} items}}",
                        "{x, select,\n a{b}}",
                        "{g,choice,x}",
                    ],
                ),
                ("{n, plural, one {a} {x}", &["{a}", "{x}"]),
                ("a { b } {", &[]),
                ("{{a} {b}}", &["{a}", "{b}"]),
                (
                    "%s: %1$d/%2$s, %-5.2f %@ %lu %(name)s %NAME% 100%%",
                    &[
                        "%s", "%1$d", "%2$s", "%-5.2f", "%@", "%lu", "%(name)s", "%NAME%", "%%",
                    ],
                ),
                ("100% sure, 5%d, 50%.", &[]),
                ("%discount %5B 5% of %1$", &[]),
                ("已用%d个", &["%d"]),
            ],
        );
    }

    #[test]
    fn markup() {
        check(
            Kind::Markup,
            &[
                (
                    "<b>Hi</b> <br/> <a href=\"x > y\" target=_blank>z</a>",
                    &[
                        "<b>",
                        "</b>",
                        "<br/>",
                        "<a href=\"x > y\" target=_blank>",
                        "</a>",
                    ],
                ),
                (
                    "<input disabled> <0>x</0> <my-tag>",
                    &["<input disabled>", "<0>", "</0>", "<my-tag>"],
                ),
                (
                    "<!-- a > b --> &lt;&#60;&#x3C;&nbsp;&#39;",
                    &["<!-- a > b -->", "&lt;", "&#60;", "&#x3C;"],
                ),
                ("a <b and c> d, I <3 you, 1<2>1, <>, </>, <!-- x", &[]),
                ("AT&T; & &; &#; R&D", &[]),
                (
                    "See [the *docs*](https://a.b/c_(d) \"x\") ![x](y.png) [z](/a_(b))",
                    &["*", "*", "![", "](y.png)", "[", "](/a_(b))"],
                ),
                (
                    "See [the docs](https://a.b \"x y\"), [a]: [b] (c) [d](e f) [g](",
                    &["[", "](https://a.b \"x y\")"],
                ),
                ("[`a`](b) [x](<b>y", &["[", "](b)", "<b>"]),
                (
                    "**Hi** ~~you~~ ***x*** 2**3 a ** b ~ ****",
                    &["**", "**", "~~", "~~", "***", "***"],
                ),
                (
                    "_a_ *b c.* 点击*保存*。**a** (*\"x\"*) *see **this** word*",
                    &[
                        "_", "_", "*", "*", "*", "*", "**", "**", "*", "*", "*", "**", "**", "*",
                    ],
                ),
                (
                    "a_b_c 2 * 3 * 4 2*3*4 *.md _id ^_^ *_* f*ck sh*t \\*a* *\n* b* __init__",
                    &[],
                ),
                (
                    "*see http://a.b/c*d and this* or *that*",
                    &["*", "*", "*", "*"],
                ),
                ("f(*args, *kwargs) and *.md", &[]),
                (
                    "- *Note:* not *that* _好：_",
                    &["*", "*", "*", "*", "_", "_"],
                ),
            ],
        );
    }

    #[test]
    fn footnotes() {
        check(
            Kind::Markup,
            &[
                (
                    "In 1850.[2][note 3][4] 于1850年。[a] is true[citation needed].[who?] “No.”[b]",
                    &[
                        "[2]",
                        "[note 3]",
                        "[4]",
                        "[a]",
                        "[citation needed]",
                        "[who?]",
                        "[b]",
                    ],
                ),
                (
                    "[1] a, see [2], the town[1] in 1850,[a] file[s], f[0]{x} x[1]=y “[t]he [12345] a[1234] a[1 b[\n1] [[1]] z[é]",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn code() {
        check(
            Kind::Code,
            &[
                ("Use `a.b()` or ``x ` y``.", &["`a.b()`", "``x ` y``"]),
                ("使用`foo`命令", &["`foo`"]),
                ("```\nlet x;\n```", &["```\nlet x;\n```"]),
                ("a ` b ` c, 5` 6`, `quoted' ``", &[]),
                ("`a\nb`", &[]),
            ],
        );
    }

    #[test]
    fn spans_of_nasty_texts_are_ordered() {
        let mut fuzz = Fuzz::new(11);
        for _ in 0..5000 {
            let text = fuzz.text(40);
            assert_ordered(&text, find(&text).iter().map(|span| &span.range));
        }
    }

    #[test]
    fn long_texts_take_linear_time() {
        for pattern in [
            "`",
            "` ",
            "``x`",
            "<!--",
            "<a b=\"",
            "<a ",
            "<",
            "{",
            "{{a",
            "%",
            "%(",
            "%1$",
            "a@",
            "@a.",
            "a.",
            ".",
            "http://",
            "://",
            "a.com",
            "&",
            "&#1",
            "😀\u{200d}",
            "\u{200d}",
            "🇨",
            "1\u{fe0f}",
            "(",
            "é",
            "a",
            "mailto:",
            "[a](",
            "[a](b)",
            "[",
            "](",
            "**",
            "**a",
            "*a",
            " *a",
            " *a _b",
            "*a* ",
            "*a\n",
            "{n, plural, ",
            "{n,select,a{",
            "a[1]",
            "a[",
            " :)",
            ":))))",
            "$x^",
            "$$_",
            "[1,2,",
            "[1",
            "@a",
            "@你",
            "a.cn/你",
        ] {
            let text = pattern.repeat(1_000_000 / pattern.len());
            assert_ordered(&text, find(&text).iter().map(|span| &span.range));
        }
    }
}
