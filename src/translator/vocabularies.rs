//! Small vocabularies for tests, written the way SentencePiece writes them.

const NORMAL: u8 = 1;
const UNKNOWN: u8 = 2;
const CONTROL: u8 = 3;
const BYTE: u8 = 6;

/// The bytes of a unigram model: `</s>`, `<unk>`, the 256 bytes and `words`, where `▁` is a space.
///
/// A `ModelProto` holds its pieces in field 1, the trainer's options in field 2 and the normaliser's in field 3.
pub fn spm<'a>(words: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut model = Vec::new();
    let mut piece = |text: &str, score: f32, kind: u8| {
        let mut message = field(1, text.as_bytes());
        message.push((2 << 3) | 5);
        message.extend(score.to_le_bytes());
        message.extend([3 << 3, kind]);
        model.extend(field(1, &message));
    };
    piece("</s>", 0.0, CONTROL);
    piece("<unk>", 0.0, UNKNOWN);
    for byte in 0..=255_u8 {
        piece(&format!("<0x{byte:02X}>"), 0.0, BYTE);
    }
    for (rank, word) in words.enumerate() {
        piece(word, -1.0 - (rank + 1) as f32 / 100.0, NORMAL);
    }
    // A unigram model with byte fallback, <unk> = 1, </s> = 0.
    let trainer = [3 << 3, 1, 0x98, 0x02, 1, 0xc0, 0x02, 1, 0xd0, 0x02, 0];
    model.extend(field(2, &trainer));
    let mut normaliser = field(1, b"identity");
    normaliser.extend([3 << 3, 1, 4 << 3, 1, 5 << 3, 1]);
    model.extend(field(3, &normaliser));
    model
}

/// A length-delimited field.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![(number << 3) | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend(bytes);
    field
}
