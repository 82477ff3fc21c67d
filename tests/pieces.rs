//! Pieces of BPE vocabularies against those of SentencePiece: ids by `tools/marian/pieces.py`.

use std::path::Path;

use dragoman::text::subwords::Vocabulary;

/// Compares the ids of lines; what differs is named.
fn compare(vocabulary: &Path, lines: &Path, ids: &Path) {
    let read =
        |path: &Path| std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let vocabulary = Vocabulary::from_bytes(&read(vocabulary)).unwrap();
    let (lines, ids) = [lines, ids]
        .map(|path| String::from_utf8(read(path)).unwrap())
        .into();
    let (lines, ids): (Vec<&str>, Vec<&str>) =
        [&lines, &ids].map(|text| text.split('\n').collect()).into();
    assert_eq!(lines.len(), ids.len());
    let mut different = Vec::new();
    for (line, ids) in lines.iter().zip(ids) {
        let expected: Vec<u32> = ids
            .split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect();
        let found = vocabulary.encode(line);
        if found != expected {
            let spell = |ids: &[u32]| -> Vec<String> {
                ids.iter()
                    .map(|&id| vocabulary.piece(id).unwrap_or("?").to_owned())
                    .collect()
            };
            different.push(format!(
                "{line:?}: {:?}, not {:?}",
                spell(&found),
                spell(&expected)
            ));
        }
    }
    assert!(
        different.is_empty(),
        "{} of {} lines differ:\n{}",
        different.len(),
        lines.len(),
        different[..different.len().min(20)].join("\n")
    );
}

#[test]
fn bpe_is_that_of_sentencepiece() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pieces");
    for name in ["bpe", "bpe-bytes"] {
        let file = |end: &str| folder.join(format!("{name}.{end}"));
        compare(&file("spm"), &folder.join("lines.txt"), &file("ids"));
    }
}

/// `PIECES_VOCABULARY`, `PIECES_LINES` and `PIECES_IDS` name the files.
#[test]
#[ignore = "needs a vocabulary and what SentencePiece makes of it"]
fn other_vocabularies_are_cut_as_by_sentencepiece() {
    let [vocabulary, lines, ids] = ["VOCABULARY", "LINES", "IDS"].map(|name| {
        let name = format!("PIECES_{name}");
        std::env::var(&name).unwrap_or_else(|_| panic!("{name} is not set"))
    });
    compare(vocabulary.as_ref(), lines.as_ref(), ids.as_ref());
}
