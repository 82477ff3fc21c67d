//! What begins the items of a list: bullets, numbers and boxes, in the forms of Latin and of Chinese text.

use super::numerals;
use crate::text::characters::is_han;
use crate::text::edited::Edited;

/// Bytes of the list marker or the ornament that a text begins with: `- `, `* `, `## `, `1. `, `(a) `, `**`, `[x] `, `1、`, `①`.
pub fn marker(text: &str) -> usize {
    let ornament = |c: char| "-–—+#*=~|｜│>•·→".contains(c) || is_bullet(c);
    let rest = text.trim_start_matches(ornament);
    let length = text.len() - rest.len();
    if length > 0 {
        // +1, -x, --option and #tag are words.
        let tight = text[..length].contains(['-', '–', '—', '+', '#']);
        let accepted = match rest.chars().next() {
            None => true,
            Some(c) if c.is_whitespace() => true,
            Some(c) => !tight && !c.is_numeric(),
        };
        return if accepted { length } else { 0 };
    }
    let other = boxed(text).max(circled(text)).max(before_han(text));
    if other > 0 {
        return other;
    }
    let open = usize::from(text.starts_with('('));
    let body = &text[open..];
    let item = body
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .map_or(body, |end| &body[..end]);
    let closed = body[item.len()..].starts_with(')');
    let name = item.trim_end_matches('.');
    let all = |class: fn(char) -> bool| !name.is_empty() && name.chars().all(class);
    let counts = (name.len() <= 8
        && all(|c| c.is_ascii_digit() || c == '.')
        && name.split('.').all(|number| number.len() <= 3))
        || (name.len() == 1 && (closed || all(|c| c.is_ascii_lowercase())))
        || (name.len() > 1 && name.len() <= 5 && all(|c| matches!(c, 'I' | 'V' | 'X')));
    let ends = closed || (open == 0 && item.len() == name.len() + 1);
    let length = open + item.len() + usize::from(closed);
    if counts && ends && text[length..].starts_with(char::is_whitespace) {
        length
    } else {
        0
    }
}

/// Signs that stand before items, and nowhere else.
fn is_bullet(c: char) -> bool {
    "●○■□▪◦►▶☐☑✓✔◎◉◆◇◈※▲△▼▽".contains(c)
}

/// `[ ] ` and `[x] ` of tasks, `[1] ` of notes, `[00:12.50]` of song texts.
fn boxed(text: &str) -> usize {
    let Some((inside, behind)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']'))
    else {
        return 0;
    };
    let task = matches!(inside, " " | "x" | "X");
    let counts = inside.starts_with(|c: char| c.is_ascii_digit())
        && inside
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'));
    let time = inside.contains(':');
    if (task && behind.starts_with(char::is_whitespace))
        || (counts && (time || behind.starts_with(char::is_whitespace)))
    {
        inside.len() + 2
    } else {
        0
    }
}

/// A number in a circle, in brackets or with a full stop that is one character, unless it is spoken of: ①和②.
fn circled(text: &str) -> usize {
    let mut chars = text.chars();
    let Some(first) = chars.next().filter(|&c| is_circled(c)) else {
        return 0;
    };
    let next = chars.as_str().trim_start().chars().next();
    let item = next.is_some_and(|c| !c.is_numeric() && !"、，,-~～和与或及至到是".contains(c));
    if item { first.len_utf8() } else { 0 }
}

fn is_circled(c: char) -> bool {
    matches!(c, '①'..='⒛' | '⓫'..='⓴' | '❶'..='➓' | '㈠'..='㈩' | '㊀'..='㊉')
}

/// A number before Chinese, or behind a wide stop, which needs no space behind it: `1、`, `1.`, `一、`, `（二）`, `(3)`, `4）`, `5．`.
fn before_han(text: &str) -> usize {
    let body = text.strip_prefix(['(', '（']).unwrap_or(text);
    let open = text.len() - body.len();
    let all = |class: fn(char) -> bool| body.find(|c| !class(c)).unwrap_or(body.len());
    let (digits, numerals) = (all(|c| c.is_ascii_digit()), all(is_numeral));
    let name = &body[..digits.max(numerals)];
    let Some(mark) = body[name.len()..].chars().next() else {
        return 0;
    };
    let closes = match mark {
        ')' | '）' => open > 0 || digits > 0,
        '、' => open == 0,
        '.' | '．' => open == 0 && digits > 0,
        _ => false,
    };
    let behind = &body[name.len() + mark.len_utf8()..];
    let (Some(number), Some(next)) = (count(name), behind.trim_start().chars().next()) else {
        return 0;
    };
    // 一、二年级 are the first two.
    let series = mark == '、'
        && numerals > 0
        && numerals::value(next.encode_utf8(&mut [0; 4])).is_some_and(|next| next > number);
    // A sentence does not end at the wide stop of 13．Hassan.
    let goes_on = is_han(next) || mark == '．' && (next.is_alphabetic() || "“《「".contains(next));
    if closes && goes_on && !series && name.chars().count() <= 3 {
        text.len() - behind.len()
    } else {
        0
    }
}

fn is_numeral(c: char) -> bool {
    "一二三四五六七八九十".contains(c)
}

fn count(name: &str) -> Option<u64> {
    name.parse().ok().or_else(|| numerals::value(name))
}

/// Keeps the space behind a label that is translated with its sentence: `A. ` before a heading, `[Chorus] `.
pub fn agree(source: &str, translation: &str) -> Edited {
    let label = |text: &str| match text.as_bytes() {
        [b'A'..=b'Z', b'.', ..] => 2,
        [b'[', ..] => text.find(']').map_or(0, |end| end + 1),
        _ => 0,
    };
    let spaced = source[label(source)..].starts_with(' ');
    let length = label(translation);
    let missing = spaced
        && label(source) > 0
        && translation.as_bytes().first() == source.as_bytes().first()
        && translation[length..].starts_with(is_han);
    let mut edited = Edited::with_capacity(translation.len() + 1);
    edited.copy(&translation[..length]);
    if length > 0 && missing {
        edited.replace(0, " ");
    }
    edited.copy(&translation[length..]);
    edited.finish()
}

/// What stands before a Chinese sentence, as English has it: with a space behind a marker, and ASCII marks.
///
/// 一、 becomes I., so that it is not taken for the 1. of a lower level.
pub fn latin(before: &str) -> String {
    let bare = before.trim_end();
    let space = &before[bare.len()..];
    let with = |end: usize, marker: &str| {
        let space = if space.is_empty() { " " } else { space };
        format!("{}{marker}{space}", &bare[..end])
    };
    let Some(mark) = bare.chars().next_back() else {
        return before.to_owned();
    };
    if is_circled(mark) || is_bullet(mark) {
        return with(bare.len(), "");
    }
    let body = &bare[..bare.len() - mark.len_utf8()];
    let digits = body.trim_end_matches(|c: char| c.is_ascii_digit());
    let numerals = body.trim_end_matches(is_numeral);
    let start = digits.len().min(numerals.len());
    let name = &body[start..];
    let number = if numerals.len() < body.len() {
        count(name).map(roman)
    } else {
        (!name.is_empty()).then(|| name.to_owned())
    };
    let Some(number) = number else {
        return before.to_owned();
    };
    match mark {
        '、' | '．' | '.' => with(start, &format!("{number}.")),
        ')' | '）' => match body[..start].strip_suffix(['(', '（']) {
            Some(outside) => with(outside.len(), &format!("({number})")),
            None => with(start, &format!("{number})")),
        },
        _ => before.to_owned(),
    }
}

/// A number below a hundred in Roman numerals.
fn roman(number: u64) -> String {
    const ONES: [&str; 10] = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    const TENS: [&str; 10] = ["", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"];
    match usize::try_from(number) {
        Ok(number @ 1..100) => [TENS[number / 10], ONES[number % 10]].concat(),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_and_ornaments() {
        for (text, expected) in [
            ("- item", "-"),
            ("* item", "*"),
            ("**bold** text", "**"),
            ("## Title", "##"),
            ("• item", "•"),
            ("> quoted", ">"),
            ("1. item", "1."),
            ("1.2.3. item", "1.2.3."),
            ("12) item", "12)"),
            ("(a) item", "(a)"),
            ("b) item", "b)"),
            ("IV. item", "IV."),
            ("-5 degrees", ""),
            ("--flag", ""),
            ("#tag", ""),
            ("+1 from me", ""),
            ("1.5 litres", ""),
            ("2024. A year", ""),
            ("A. Smith", ""),
            ("I am", ""),
            ("a word", ""),
            ("(really) good", ""),
            ("5 apples", ""),
            ("1.", ""),
        ] {
            assert_eq!(&text[..marker(text)], expected, "{text}");
        }
    }

    #[test]
    fn boxes() {
        for (text, expected) in [
            ("[ ] Buy milk", "[ ]"),
            ("[x] Buy milk", "[x]"),
            ("[00:12.50] I'm", "[00:12.50]"),
            ("[00:12.50]I'm", "[00:12.50]"),
            ("[1] See", "[1]"),
            ("[1]See", ""),
            ("[x](y) z", ""),
            ("[Note] this", ""),
            ("[", ""),
        ] {
            assert_eq!(&text[..marker(text)], expected, "{text}");
        }
    }

    #[test]
    fn labels_keep_their_space() {
        for (source, translation, expected) in [
            ("A. Data", "A.数据", "A. 数据"),
            ("[Chorus] Love", "[副歌]爱", "[副歌] 爱"),
            ("A.Data", "A.数据", "A.数据"),
            ("A. Data", "B.数据", "B.数据"),
            ("A. Data", "数据", "数据"),
            ("[a", "[啊", "[啊"),
            ("Data", "", ""),
        ] {
            let edited = agree(source, translation);
            assert_eq!(edited.text, expected, "{source}");
            assert_eq!(edited.map.len(), translation.len() + 1);
        }
    }

    #[test]
    fn chinese_lists() {
        for (text, expected, english) in [
            ("1、打开", "1、", "1. "),
            ("12、打开", "12、", "12. "),
            ("13．Hassan先生", "13．", "13. "),
            ("1.请先阅读", "1.", "1. "),
            ("2．插上电源", "2．", "2. "),
            ("3)结果", "3)", "3) "),
            ("(3)结果", "(3)", "(3) "),
            ("（3）结果", "（3）", "(3) "),
            ("（十二）方法", "（十二）", "(XII) "),
            ("一、总则", "一、", "I. "),
            ("一、一般规定", "一、", "I. "),
            ("二十四、附则", "二十四、", "XXIV. "),
            ("①背景", "①", "① "),
            ("◎地址", "◎", "◎ "),
            ("※ 注意", "※", "※ "),
        ] {
            let found = &text[..marker(text)];
            assert_eq!(found, expected, "{text}");
            assert_eq!(latin(found), english, "{text}");
        }
        for text in [
            "一、二、三，走！",
            "一、二年级的学生",
            "1、2、3都是数字",
            "1.5米高",
            "2024.年",
            "①和②都对",
            "①②③",
            "（一）",
            "（王）先生",
            "一下、两下",
            "三）",
            "十",
        ] {
            assert_eq!(marker(text), 0, "{text}");
        }
        for (before, english) in [
            ("<li>1、", "<li>1. "),
            ("😀①  ", "😀①  "),
            ("**", "**"),
            ("> ", "> "),
            ("#", "#"),
            ("", ""),
            ("、", "、"),
        ] {
            assert_eq!(latin(before), english, "{before}");
        }
    }
}
