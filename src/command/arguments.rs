use crate::names::show;

/// The words after a command's name. Options are `--name VALUE` or `--name=VALUE`, flags `--name`.
/// Whoever reads them takes what it knows and ends with [`Arguments::finish`], so nothing that was
/// written is passed over in silence.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    words: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // ASCII only: an invisible space becomes part of a word, which then is refused and shown.
        Self { words: text.split_ascii_whitespace().collect() }
    }

    /// Takes `--name`; an error where it is there twice.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, String> {
        let before = self.words.len();
        self.words.retain(|word| *word != name);
        match before - self.words.len() {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(format!("`{name}` is written twice")),
        }
    }

    /// Takes `--name VALUE` or `--name=VALUE`; an error where it is there twice or has no value.
    pub(super) fn option(&mut self, name: &str) -> Result<Option<&'a str>, String> {
        let mut found = None;
        while let Some(index) = self.words.iter().position(|word| is_option(word, name)) {
            let word = self.words.remove(index);
            let value = match word.split_once('=') {
                Some((_, value)) => value,
                None if index < self.words.len() && !self.words[index].starts_with('-') => self.words.remove(index),
                None => "",
            };
            if value.is_empty() {
                return Err(format!("`{name}` needs a value"));
            }
            if found.replace(value).is_some() {
                return Err(format!("`{name}` is written twice"));
            }
        }
        Ok(found)
    }

    /// Takes the first option that is left, whatever it is called, with its value; an error where it has none.
    pub(super) fn any_option(&mut self) -> Result<Option<(&'a str, &'a str)>, String> {
        let Some(word) = self.words.iter().find(|word| word.strip_prefix("--").is_some_and(|name| !name.is_empty()))
        else {
            return Ok(None);
        };
        let name = word.split_once('=').map_or(*word, |(name, _)| name);
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if !name.bytes().all(fits) {
            return Err(unknown(word));
        }
        let value = self.option(name).map_err(|problem| match problem.strip_suffix(" needs a value") {
            Some(_) => format!("{} is not an option of this command, or needs a value", show(name)),
            None => format!("{} is written twice", show(name)),
        })?;
        Ok(value.map(|value| (name.trim_start_matches('-'), value)))
    }

    /// Takes the first word that is left; an option nobody took is an error.
    pub(super) fn positional(&mut self, what: &str) -> Result<&'a str, String> {
        match self.words.first() {
            None => Err(format!("{what} is missing")),
            Some(word) if looks_like_option(word) => Err(unknown(word)),
            Some(_) => Ok(self.words.remove(0)),
        }
    }

    /// Takes the first word that is left, where there is one; an option nobody took is an error.
    pub(super) fn optional(&mut self) -> Result<Option<&'a str>, String> {
        if self.words.is_empty() { Ok(None) } else { self.positional("").map(Some) }
    }

    /// Takes all words that are left, whatever they look like, with one space between them.
    pub(super) fn rest(self) -> String {
        self.words.join(" ")
    }

    /// Ends the reading: whatever is left is an error.
    pub(super) fn finish(self) -> Result<(), String> {
        self.words.first().map_or(Ok(()), |word| Err(unknown(word)))
    }
}

fn is_option(word: &str, name: &str) -> bool {
    word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
}

/// Phones turn `--` into a dash.
fn has_smart_dash(word: &str) -> bool {
    word.starts_with(['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}'])
}

fn looks_like_option(word: &str) -> bool {
    word.starts_with('-') || has_smart_dash(word)
}

fn unknown(word: &str) -> String {
    let shown = show(word);
    if has_smart_dash(word) {
        return format!("{shown} starts with a typographic dash; write two plain hyphens, `--`");
    }
    if word.starts_with('-') {
        return format!("{shown} is not an option of this command");
    }
    format!("{shown} is one word too many")
}
