//! Who speaks: 他问 behind a question in quotes, which Chinese sets apart as a sentence and English does not.

/// Most characters of who speaks and the verb.
const LONGEST: usize = 8;
const VERBS: [char; 7] = ['问', '说', '道', '喊', '叫', '答', '嚷'];

/// Whether a Chinese sentence goes on behind a question or a call in quotes and tells who speaks.
pub fn tells_who(before: &str, sentence: &str) -> bool {
    let called = before
        .trim_end_matches(' ')
        .strip_suffix(['”', '"', '」', '』'])
        .is_some_and(|inside| inside.ends_with(['？', '！', '?', '!']));
    let start: String = sentence.chars().take(LONGEST + 1).collect();
    let marks = |c: char| matches!(c, '。' | '，' | '：' | '！' | '.' | ',' | ':');
    let tag = start.split(marks).next().unwrap_or_default();
    let ends = tag.len() < start.len() || start.len() == sentence.len();
    called && ends && tag.ends_with(VERBS)
}

#[cfg(test)]
mod tests {
    use super::tells_who;

    #[test]
    fn tables() {
        for (before, sentence, expected) in [
            ("“为什么？”", "他问。", true),
            ("“快走！”", "妈妈喊道，“来不及了！”", true),
            ("“为什么？” ", "她轻声地问", true),
            ("“我走了。”", "他说。", false),
            ("为什么？", "他问。", false),
            ("“为什么？”", "他没有问我们这个问题。", false),
            ("“为什么？”", "他走了。", false),
            ("", "", false),
        ] {
            assert_eq!(tells_who(before, sentence), expected, "{before}{sentence}");
        }
    }
}
