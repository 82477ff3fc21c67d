//! Lines of text from a file or a pipe, whatever its line ends and encoding errors.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use dragoman::{Error, Result};

/// One line without its line end.
#[derive(Debug)]
pub struct Line {
    pub text: String,
    /// Whether it ended in CR LF.
    pub crlf: bool,
}

/// Reads a text line by line; only LF ends a line.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    /// For messages.
    name: PathBuf,
    /// Lines read so far.
    number: u64,
    warned: bool,
}

impl<R: BufRead> Lines<R> {
    pub fn new(input: R, name: impl Into<PathBuf>) -> Self {
        Self {
            input,
            name: name.into(),
            number: 0,
            warned: false,
        }
    }

    fn read(&mut self) -> Result<Option<Line>> {
        let mut bytes = Vec::new();
        self.input
            .read_until(b'\n', &mut bytes)
            .map_err(Error::io(&self.name))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let mut rest = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let crlf = rest.ends_with(b"\r");
        rest = rest.strip_suffix(b"\r").unwrap_or(rest);
        if self.number == 1 {
            self.refuse_utf16(rest)?;
            rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
        }
        let text = String::from_utf8_lossy(rest);
        if matches!(text, std::borrow::Cow::Owned(_)) && !self.warned {
            self.warned = true;
            sayln!(
                "dragoman: {}, line {}: not UTF-8; \u{fffd} stands for what cannot be read, here and below",
                self.name.display(),
                self.number
            );
        }
        let text = text.into_owned();
        Ok(Some(Line { text, crlf }))
    }

    fn refuse_utf16(&self, start: &[u8]) -> Result<()> {
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(Error::Option(format!(
                "{}: this is UTF-16; convert it to UTF-8 first, for example with `iconv -f UTF-16 -t UTF-8`",
                self.name.display()
            )));
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Result<Line>> {
        self.read().transpose()
    }
}

/// Opens a file to read line by line.
pub fn open(path: &Path) -> Result<Lines<BufReader<File>>> {
    let file = File::open(path).map_err(Error::io(path))?;
    Ok(Lines::new(BufReader::new(file), path))
}

/// All lines of a file.
pub fn read(path: &Path) -> Result<Vec<String>> {
    open(path)?.map(|line| Ok(line?.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_broken_text() {
        for (bytes, expected) in [
            (&b""[..], &[][..]),
            (b"\n", &[("", false)]),
            (b"a", &[("a", false)]),
            (
                b"a\r\n\r\nb\n\n",
                &[("a", true), ("", true), ("b", false), ("", false)],
            ),
            (b"a\rb\tc \x0c\n", &[("a\rb\tc \x0c", false)]),
            (
                b"\xef\xbb\xbfa\n\xef\xbb\xbfb",
                &[("a", false), ("\u{feff}b", false)],
            ),
            (
                b"a\xffb\nc\xe4\xbd",
                &[("a\u{fffd}b", false), ("c\u{fffd}", false)],
            ),
        ] {
            let lines: Vec<Line> = Lines::new(bytes, "test").map(Result::unwrap).collect();
            let found: Vec<_> = lines
                .iter()
                .map(|line| (line.text.as_str(), line.crlf))
                .collect();
            assert_eq!(found, expected, "{bytes:?}");
        }
    }

    #[test]
    fn utf16_is_refused() {
        let mut lines = Lines::new(&b"\xff\xfea\0\n\0"[..], "test");
        let message = lines.next().unwrap().unwrap_err().to_string();
        assert!(message.contains("UTF-16"), "{message}");
    }
}
