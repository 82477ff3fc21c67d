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

#[test]
fn words_are_pieces_and_marks_stand_alone() {
    let zh = vocabulary("zh", 398);
    let pieces: Vec<&str> = zh
        .model()
        .pieces()
        .iter()
        .skip(RESERVED)
        .map(|p| p.piece.as_str())
        .collect();
    for word in ["学习", "中国", "学生"] {
        let whole = pieces.iter().any(|piece| piece.contains(word));
        assert!(whole, "{word} is cut in {pieces:?}");
    }
    for piece in pieces {
        let mark = piece.chars().any(|c| "，。！（）".contains(c));
        assert!(
            !mark || piece.trim_start_matches('▁').chars().count() == 1,
            "{piece}"
        );
    }
    let en = vocabulary("en", 366);
    let pieces = en.encode("the 24").unwrap();
    assert_eq!(pieces.first().map(String::as_str), Some("▁the"));
    assert_eq!(pieces.last().map(String::as_str), Some("4"));
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
