//! Punctuation and spaces of Chinese (GB/T 15834): marks beside Chinese are full width, those within Latin words and
//! numbers are left alone, and so is a text without any Chinese.

use crate::text::characters::{is_han, is_wide_mark, wide_form};
use crate::text::edited::Edited;
use crate::text::placeholders::is_placeholder;

/// A mark that has become wide makes its neighbours wide: there is mostly one round, and a second that changes nothing.
const MOST_ROUNDS: usize = 64;

/// Sets a tidied sentence.
pub fn set(text: &str) -> Edited {
    if !text.contains(is_han) {
        let mut same = Edited::with_capacity(text.len());
        same.copy(text);
        return same.finish();
    }
    let mut all = round(text);
    for _ in 1..MOST_ROUNDS {
        let next = round(&all.text);
        if next.text == all.text {
            break;
        }
        all = all.then(next);
    }
    all
}

fn round(text: &str) -> Edited {
    let marks = Marks::new(text).set();
    let spaces = drop_spaces(&marks.text);
    marks.then(spaces)
}

/// Chinese, or what stands among Chinese without saying what it is.
fn is_near(c: char) -> bool {
    is_han(c) || is_wide_mark(c) || is_placeholder(c)
}

/// The form of a mark that only its neighbours decide about; brackets and full stops have rules of their own.
fn wide(c: char) -> Option<&'static str> {
    wide_form(c).filter(|_| !matches!(c, '(' | ')' | '.'))
}

/// What becomes of a character.
#[derive(Clone, Copy)]
enum Fate {
    Same,
    Becomes(&'static str),
}

/// The characters of a sentence and what becomes of each.
struct Marks {
    chars: Vec<char>,
    fates: Vec<Fate>,
}

impl Marks {
    fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        Self {
            fates: vec![Fate::Same; chars.len()],
            chars,
        }
    }

    fn set(mut self) -> Edited {
        self.set_brackets();
        self.set_double_quotes();
        self.set_single_quotes();
        let mut at = 0;
        while at < self.chars.len() {
            at += match self.chars[at] {
                '.' | '…' | '。' => self.set_stops(at),
                '-' | '—' => self.set_dashes(at),
                _ => self.set_mark(at),
            };
        }
        let mut edited = Edited::with_capacity(self.chars.len() * 3);
        let mut buffer = [0; 4];
        for (c, fate) in self.chars.iter().zip(&self.fates) {
            match fate {
                Fate::Same => edited.copy(c.encode_utf8(&mut buffer)),
                Fate::Becomes(new) => edited.replace(c.len_utf8(), new),
            }
        }
        edited.finish()
    }

    fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    /// The nearest character before a place that is no space.
    fn before(&self, at: usize) -> Option<char> {
        self.chars[..at].iter().copied().rfind(|&c| c != ' ')
    }

    /// The nearest character from a place on that is no space.
    fn from(&self, at: usize) -> Option<char> {
        self.chars[at.min(self.chars.len())..]
            .iter()
            .copied()
            .find(|&c| c != ' ')
    }

    /// Whether nothing but closing marks follows.
    fn is_last(&self, at: usize) -> bool {
        let closes = |c: &char| {
            matches!(
                c,
                ' ' | '"' | '\'' | '”' | '’' | ')' | '）' | '》' | '」' | '』' | ']' | '】'
            )
        };
        self.chars[at.min(self.chars.len())..].iter().all(closes)
    }

    /// Characters from a place on that are in a class.
    fn run(&self, at: usize, class: impl Fn(char) -> bool) -> usize {
        self.chars[at..].iter().take_while(|&&c| class(c)).count()
    }

    /// The first of `count` characters becomes `new`, the others nothing.
    fn become_one(&mut self, at: usize, count: usize, new: &'static str) {
        self.fates[at..at + count].fill(Fate::Becomes(""));
        self.fates[at] = Fate::Becomes(new);
    }

    /// `,` `!` `?` `:` `;` beside Chinese; returns the number of characters dealt with.
    fn set_mark(&mut self, at: usize) -> usize {
        let c = self.chars[at];
        let within_number = at > 0
            && self.chars[at - 1].is_ascii_digit()
            && self.get(at + 1).is_some_and(|c| c.is_ascii_digit());
        if c == '：' && within_number {
            self.fates[at] = Fate::Becomes(":");
        }
        if c == '，' {
            let count = self.run(at, |c| c == '，');
            self.become_one(at, count, "，");
            return count;
        }
        if wide(c).is_none() {
            return 1;
        }
        // A run such as ?! is one mark.
        let count = self.run(at, |c| matches!(c, '!' | '?')).max(1);
        let next = self.get(at + count);
        let smiley = matches!(c, ':' | ';') && matches!(next, Some('(' | ')' | '-' | '/'));
        let near = self.before(at).is_some_and(is_near)
            || self.from(at + count).is_some_and(is_near)
            || (at > 0 && self.is_last(at + count));
        if near && !within_number && !smiley {
            for place in at..at + count {
                self.fates[place] = wide(self.chars[place]).map_or(Fate::Same, Fate::Becomes);
            }
        }
        count
    }

    /// Full stops and ellipses; returns the number of characters dealt with.
    fn set_stops(&mut self, at: usize) -> usize {
        let count = self.run(at, |c| matches!(c, '.' | '…' | '。'));
        let marks = &self.chars[at..at + count];
        let ellipsis = marks.contains(&'…') || count > 2;
        let wide = marks.contains(&'。');
        let (before, next) = (self.before(at), self.from(at + count));
        let last = at > 0 && self.is_last(at + count);
        let near = before.is_some_and(is_near) || next.is_some_and(is_near) || last;
        if ellipsis {
            // Dots alone may belong to what is written in Latin letters.
            if near || wide {
                self.become_one(at, count, "……");
            }
        } else if wide && count > 1 {
            self.become_one(at, count, "。");
        } else if count == 1 && !wide {
            let spaced = matches!(self.get(at + 1), None | Some(' '));
            let behind_chinese = before.is_some_and(is_near)
                && (spaced || next.is_none_or(|c| is_near(c) && !is_placeholder(c)));
            if at > 0 && (behind_chinese || last) {
                self.fates[at] = Fate::Becomes("。");
            }
        }
        count
    }

    /// Dashes; returns the number of characters dealt with.
    fn set_dashes(&mut self, at: usize) -> usize {
        let count = self.run(at, |c| matches!(c, '-' | '—'));
        let dash = count > 1 || self.chars[at] == '—';
        let between =
            self.before(at).is_some_and(is_near) && self.from(at + count).is_some_and(is_near);
        if dash && between {
            self.become_one(at, count, "——");
        }
        count
    }

    /// A pair of brackets is wide if it holds Chinese, or stands among Chinese and does not belong to a Latin word, as in
    /// `f(x)`.
    fn set_brackets(&mut self) {
        let mut open = Vec::new();
        for end in 0..self.chars.len() {
            match self.chars[end] {
                '(' | '（' => open.push(end),
                ')' | '）' => {
                    let Some(start) = open.pop() else {
                        continue;
                    };
                    let inside = &self.chars[start + 1..end];
                    let attached = self.is_call(start, inside);
                    let among = self.before(start).is_some_and(is_near)
                        || self.from(end + 1).is_some_and(is_near);
                    let already = self.chars[start] == '（' || self.chars[end] == '）';
                    // Looking at the inside of every pair of a thousand nested ones would take too long.
                    let chinese = inside.iter().take(200).any(|&c| is_han(c));
                    if already || chinese || (among && !attached) {
                        self.fates[start] = Fate::Becomes("（");
                        self.fates[end] = Fate::Becomes("）");
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a bracket opens behind a number, or behind what looks like the name of a function: `f(x)`, `Math.max(a)`.
    fn is_call(&self, open: usize, inside: &[char]) -> bool {
        let name: Vec<char> = self.chars[..open]
            .iter()
            .rev()
            .take(40)
            .copied()
            .take_while(|&c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
            .collect();
        let Some(first) = name.last() else {
            return false;
        };
        !first.is_ascii_uppercase()
            || name.contains(&'.')
            || name.contains(&'_')
            || inside.is_empty()
    }

    /// An even number of double quotes, some of them straight or all opening, open and close in turn; of others each by its
    /// place.
    fn set_double_quotes(&mut self) {
        let places: Vec<usize> = (0..self.chars.len())
            .filter(|&at| matches!(self.chars[at], '"' | '“' | '”'))
            .collect();
        let count = |mark| places.iter().filter(|&&at| self.chars[at] == mark).count();
        let wrong = count('"') > 0 || count('“') != count('”');
        let even = places.len().is_multiple_of(2);
        for (n, &at) in places.iter().enumerate() {
            let opens = if even && wrong {
                Some(n % 2 == 0)
            } else if self.chars[at] == '"' {
                self.opens_by_place(at)
            } else {
                // Nothing opens at the end.
                (self.chars[at] == '“' && at > 0 && at + 1 == self.chars.len()).then_some(false)
            };
            if let Some(opens) = opens {
                self.fates[at] = Fate::Becomes(if opens { "“" } else { "”" });
            }
        }
    }

    /// Whether a straight quote without a partner opens or closes; `None` where its neighbours do not tell, as in 5".
    fn opens_by_place(&self, at: usize) -> Option<bool> {
        let leads = |c| matches!(c, '：' | '，' | ':' | ',' | '（' | '(' | '、' | '—');
        let ends = |c| matches!(c, '。' | '！' | '？' | '.' | '!' | '?' | '…');
        let mark = |c| leads(c) || ends(c) || matches!(c, '；' | ';' | '）' | ')');
        let last = self.is_last(at + 1);
        match self.before(at) {
            None if !last => Some(true),
            Some(c) if leads(c) && !last => Some(true),
            Some(c) if ends(c) || (last && !c.is_ascii_digit()) => Some(false),
            Some(c) if is_han(c) && self.from(at + 1).is_some_and(mark) => Some(false),
            _ => None,
        }
    }

    /// A pair of straight single quotes around Chinese.
    fn set_single_quotes(&mut self) {
        let mut open = None;
        for at in 0..self.chars.len() {
            if self.chars[at] != '\'' {
                continue;
            }
            let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_han(c));
            let behind_letter = letter(at.checked_sub(1).and_then(|at| self.get(at)));
            match open {
                Some(start) if !letter(self.get(at + 1)) => {
                    if self.chars[start + 1..at].iter().any(|&c| is_han(c)) {
                        self.fates[start] = Fate::Becomes("‘");
                        self.fates[at] = Fate::Becomes("’");
                    }
                    open = None;
                }
                None if !behind_letter => open = Some(at),
                _ => {}
            }
        }
    }
}

/// Removes spaces between Chinese characters and beside full-width marks.
fn drop_spaces(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut buffer = [0; 4];
    let mut chars = text.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        let neighbours = [before, chars.peek().copied()];
        let both = neighbours
            .iter()
            .all(|c| c.is_some_and(|c| is_han(c) || is_wide_mark(c) || matches!(c, '…' | '—')));
        let beside_mark = neighbours.iter().any(|c| c.is_some_and(is_wide_mark));
        if c == ' ' && (both || beside_mark) {
            edited.replace(1, "");
            continue;
        }
        before = Some(c);
        edited.copy(c.encode_utf8(&mut buffer));
    }
    edited.finish()
}

#[cfg(test)]
mod tests {
    use crate::text::typography::set;

    #[test]
    fn tables() {
        for (text, expected) in [
            ("你好, 世界!", "你好，世界！"),
            ("你好 , 世界 !", "你好，世界！"),
            ("我 喜 欢 你 。", "我喜欢你。"),
            ("我喜欢 Rust 和 Go.", "我喜欢 Rust 和 Go。"),
            ("我喜欢Rust.", "我喜欢Rust。"),
            ("我喜欢Rust!", "我喜欢Rust！"),
            ("用Rust, Go和C写", "用Rust, Go和C写"),
            ("圆周率是3.14, 时间是12:30.", "圆周率是3.14，时间是12:30。"),
            ("共1,000人", "共1,000人"),
            ("时间12：30", "时间12:30"),
            ("有3.", "有3。"),
            ("他说\"好.\"", "他说“好。”"),
            ("他说“好“", "他说“好”"),
            ("5\"屏幕", "5\"屏幕"),
            ("他说：\"走。", "他说：“走。"),
            ("\"走。", "“走。"),
            ("走吧\"，他说", "走吧”，他说"),
            ("走吧。\"", "走吧。”"),
            ("走吧。“", "走吧。”"),
            ("“好”和“坏”", "“好”和“坏”"),
            ("好。”他说：“走", "好。”他说：“走"),
            ("等等...", "等等……"),
            ("等等…好吧。。。", "等等……好吧……"),
            ("旁边.。", "旁边。"),
            ("好。。", "好。"),
            ("好，，坏", "好，坏"),
            ("世界卫生组织(WHO)说", "世界卫生组织（WHO）说"),
            ("HTML(超文本)", "HTML（超文本）"),
            ("函数f(x)是", "函数f(x)是"),
            ("调用Math.max(a)和Go()", "调用Math.max(a)和Go()"),
            ("计算2(x+1)的值", "计算2(x+1)的值"),
            ("Tut(KV62)的墓", "Tut（KV62）的墓"),
            ("笑:) 好", "笑:) 好"),
            ("他--我的朋友", "他——我的朋友"),
            ("他—我的朋友", "他——我的朋友"),
            ("2010—2012年", "2010—2012年"),
            ("单-双", "单-双"),
            ("'好'是it's", "‘好’是it's"),
            ("见\u{e000}.", "见\u{e000}。"),
            ("见\u{e000}, \u{e001}.", "见\u{e000}，\u{e001}。"),
            ("真的吗?!", "真的吗？！"),
            ("Hello, world.", "Hello, world."),
            ("3.14", "3.14"),
            ("", ""),
        ] {
            assert_eq!(set(text, "zh").text, expected, "{text}");
        }
    }
}
