//! Lexical shortlists: which target tokens a sentence may be translated with (Schwenk et al. 2007, Junczys-Dowmunt et al. 2018).

use crate::error::{Error, Result};

/// Target tokens worth considering for each source token.
///
/// The candidates of a sentence are the frequent tokens and the lists of all its tokens. They depend on that sentence alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortlist {
    /// Target tokens that are always candidates.
    pub frequent: Vec<u32>,
    /// The list of source token s is `tokens[starts[s]..starts[s + 1]]`; source tokens behind the last have none.
    pub starts: Vec<u32>,
    /// The lists, one after the other.
    pub tokens: Vec<u32>,
}

impl Shortlist {
    /// Checks that lists are where the file says and hold tokens of the target vocabulary.
    ///
    /// # Errors
    /// [`Error::Weights`] with what is wrong.
    pub fn check(&self, source_vocabulary: usize, target_vocabulary: usize) -> Result<()> {
        let wrong = |what: String| Err(Error::Weights(format!("its shortlist {what}")));
        if self.starts.len() > source_vocabulary + 1 {
            return wrong(format!(
                "has {} lists for {source_vocabulary} source pieces",
                self.starts.len() - 1
            ));
        }
        if self.starts.first().is_some_and(|&start| start != 0)
            || !self.starts.is_sorted()
            || self.starts.last().map_or(0, |&end| end as usize) != self.tokens.len()
        {
            return wrong("has lists that do not follow each other".into());
        }
        match self
            .frequent
            .iter()
            .chain(&self.tokens)
            .find(|&&token| token as usize >= target_vocabulary)
        {
            Some(token) => wrong(format!(
                "names the target piece {token}, but there are only {target_vocabulary}"
            )),
            None => Ok(()),
        }
    }

    /// The list of a source token.
    #[must_use]
    pub fn list(&self, token: u32) -> &[u32] {
        let token = token as usize;
        match (self.starts.get(token), self.starts.get(token + 1)) {
            (Some(&start), Some(&end)) => &self.tokens[start as usize..end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (fn(&mut Shortlist), &'static str);

    #[test]
    fn lists_are_checked_and_found() {
        let sound = Shortlist {
            frequent: vec![0, 1],
            starts: vec![0, 0, 2, 3],
            tokens: vec![4, 6, 2],
        };
        assert!(sound.check(3, 7).is_ok());
        assert!(
            sound.check(9, 7).is_ok(),
            "the last tokens may have no list"
        );
        let lists: Vec<&[u32]> = (0..5).map(|token| sound.list(token)).collect();
        let expected: [&[u32]; 5] = [&[], &[4, 6], &[2], &[], &[]];
        assert_eq!(lists, expected);
        assert!(Shortlist::default().check(2, 2).is_ok());
        let cases: [Case; 6] = [
            (|s| s.starts.push(3), "has 4 lists for 3 source pieces"),
            (|s| s.starts[0] = 1, "do not follow"),
            (|s| s.starts[1] = 3, "do not follow"),
            (|s| s.starts[3] = 2, "do not follow"),
            (|s| s.tokens[1] = 7, "names the target piece 7"),
            (
                |s| s.frequent[0] = u32::MAX,
                "names the target piece 4294967295",
            ),
        ];
        for (spoil, expected) in cases {
            let mut shortlist = sound.clone();
            spoil(&mut shortlist);
            let message = shortlist.check(3, 7).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
