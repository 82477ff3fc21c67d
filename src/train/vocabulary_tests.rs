use super::*;
use sentencepiece_rs::SentencePieceProcessor;

fn vocabulary(language: &str, size: usize) -> SentencePieceProcessor {
    let english = [
        "the cat sat on the mat",
        "the dog sat on the log",
        "don't sit in 2024!",
    ];
    let chinese = [
        "我们在中国学习中文。",
        "你们在学校学习英文！",
        "中国的学生（二十岁）在学习。",
    ];
    let text = if language == "zh" { chinese } else { english };
    let sentences: Vec<&str> = text.iter().cycle().take(60).copied().collect();
    let options = VocabularyOptions::for_language(language, size);
    let bytes = train(sentences.into_iter(), language, &options).unwrap();
    SentencePieceProcessor::from_serialized_model(&bytes).unwrap()
}

#[test]
fn reserved_ids_and_size() {
    let spm = vocabulary("en", 362);
    let model = spm.model();
    assert_eq!(model.vocab_size(), 362);
    assert_eq!(
        (spm.eos_id(), spm.unk_id(), spm.bos_id(), spm.pad_id()),
        (Some(0), 1, None, None)
    );
    assert!(model.is_control(0) && model.is_unknown(1) && model.is_byte(2) && model.is_byte(257));
    assert_eq!(model.id_to_piece(2 + 0x41).unwrap(), "<0x41>");
    assert!(!model.is_byte(258));
}

#[test]
fn texts_come_back_from_their_ids() {
    for (language, size, texts) in [
        (
            "en",
            366,
            ["the dog sat", "don't", "12 cats 🎉!", "naïve Ω"],
        ),
        (
            "zh",
            398,
            ["我们学习中文。", "（2024）", "龘🎉龘", "用 big cat 学"],
        ),
    ] {
        let spm = vocabulary(language, size);
        for text in texts {
            let ids = spm.encode_to_ids(text).unwrap();
            assert!(
                ids.iter().all(|&id| id > 1),
                "{text}: {ids:?} has </s> or <unk>"
            );
            assert_eq!(spm.decode_ids(&ids).unwrap(), text);
        }
    }
}

#[test]
fn emoji_become_four_bytes() {
    let spm = vocabulary("zh", 394);
    let bytes: Vec<usize> = spm
        .encode_to_ids("学🎉")
        .unwrap()
        .into_iter()
        .filter(|&id| spm.model().is_byte(id))
        .collect();
    assert_eq!(
        bytes,
        "🎉".bytes().map(|b| usize::from(b) + 2).collect::<Vec<_>>()
    );
}

/// Sentences of three words in which every word comes often and no two words come together often (a Latin square), as in
/// real text, so that only the words themselves are worth a piece.
fn recombined<const N: usize>(words: [[&str; N]; 3], mark: &str) -> Vec<String> {
    let [subjects, verbs, objects] = words;
    let pairs = (0..N).flat_map(|i| (0..N).map(move |j| (i, j)));
    pairs
        .map(|(i, j)| {
            let object = objects[(i + j) % N];
            format!("{}{}{object}{mark}", subjects[i], verbs[j])
        })
        .collect()
}

fn trained(language: &str, size: usize, sentences: &[String]) -> SentencePieceProcessor {
    let options = VocabularyOptions::for_language(language, size);
    let sentences = sentences.iter().map(String::as_str);
    let bytes = train(sentences, language, &options).unwrap();
    SentencePieceProcessor::from_serialized_model(&bytes).unwrap()
}

#[test]
fn words_are_pieces_and_marks_stand_alone() {
    let chinese = recombined(
        [
            ["学生", "我们", "他", "老师", "中国人", "你"],
            ["学习", "喜欢", "看", "说", "写", "教"],
            ["中文", "英文", "书", "历史", "数学", "学习（二）"],
        ],
        "。",
    );
    let zh = trained("zh", 411, &chinese);
    let pieces: Vec<&str> = zh
        .model()
        .pieces()
        .iter()
        .skip(RESERVED)
        .map(|p| p.piece.as_str())
        .collect();
    for word in ["学习", "喜欢", "中文", "英文", "历史", "数学"] {
        assert!(pieces.contains(&word), "{word} is not in {pieces:?}");
    }
    for piece in pieces {
        let mark = piece.chars().any(|c| "，。！（）".contains(c));
        assert!(
            !mark || piece.trim_start_matches('▁').chars().count() == 1,
            "{piece}"
        );
    }
}

#[test]
fn digits_are_pieces_of_their_own() {
    let english = recombined(
        [
            ["the cat ", "the dog ", "she ", "the child ", "Tom "],
            ["had ", "saw ", "found the ", "took ", "kept "],
            ["24 mice", "2 hats", "the 21 boxes", "25 toys", "the 243"],
        ],
        "",
    );
    let en = trained("en", 373, &english);
    for (text, expected) in [
        ("the 24", vec!["▁the", "▁2", "4"]),
        ("the 2431", vec!["▁the", "▁2", "4", "3", "1"]),
        ("24 the", vec!["▁2", "4", "▁the"]),
    ] {
        assert_eq!(en.encode(text).unwrap(), expected);
    }
}

#[test]
fn impossible_sizes_are_refused() {
    let options = |size| VocabularyOptions {
        size,
        max_piece_length: 8,
        character_coverage: 1.0,
    };
    assert!(
        train(["a b"].into_iter(), "en", &options(300)).is_err(),
        "too small for the characters"
    );
    assert!(
        train(["a b"].into_iter(), "en", &options(4000)).is_err(),
        "too little text"
    );
}

#[test]
fn chinese_is_chinese_with_subtags_too() {
    for tag in ["zh", "zh-Hans", "ZH-cn"] {
        assert_eq!(VocabularyOptions::for_language(tag, 1).max_piece_length, 8);
        assert!(indispensable(tag).any(|c| c == '。'), "{tag}");
    }
    assert!(indispensable("en").all(|c| c != '。'));
}
