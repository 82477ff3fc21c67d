//! Text in, text out.
/// Placeholder.
pub struct Translator;
/// Placeholder.
pub struct Options;
/// Placeholder.
pub struct Translation;
