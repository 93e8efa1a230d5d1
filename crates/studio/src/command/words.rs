//! Reads a command line as a POSIX shell would
//! (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>), without running anything:
//! quotes, `$'…'` of bash, escapes, continued lines, comments, here-documents, pipes and redirections. What only a
//! running shell can know (variables, substitutions) stays as it is written and is noted.

use std::{iter::Peekable, str::Chars};
use wirelab_model::{Problem, ProblemKind};

/// Commands joined by pipes or standing one after the other, and what was not understood.
#[derive(Debug, Default, PartialEq)]
pub struct Script {
    pub commands: Vec<Command>,
    pub notes: Vec<Problem>,
}

/// One command.
#[derive(Debug, Default, PartialEq)]
pub struct Command {
    pub words: Vec<String>,
    pub input: Input,
}

/// Where a command's standard input comes from.
#[derive(Debug, Default, PartialEq)]
pub enum Input {
    /// Not said.
    #[default]
    Terminal,
    /// This text, from a here-document or a here-string.
    Text(String),
    /// A file.
    File(String),
    /// The command before it.
    Pipe,
}

/// Takes a text apart.
///
/// # Errors
/// `Syntax` at the quote that is not closed, or the here-document without an end.
pub fn read(text: &str) -> Result<Script, Problem> {
    let mut reader = Reader {
        letters: text.chars().peekable(),
        line: 1,
        column: 1,
        script: Script::default(),
        command: Command::default(),
        redirect: None,
        documents: Vec::new(),
    };
    reader.run()?;
    Ok(reader.script)
}

/// What the next word is for, when it is no argument.
#[derive(Clone, Copy)]
enum Redirect {
    From,
    Here,
    Document { strip_tabs: bool },
    To,
}

/// A here-document whose text begins on the next line.
struct Document {
    end: String,
    strip_tabs: bool,
    /// Whether its delimiter was quoted, so that nothing in it is replaced.
    quoted: bool,
    /// Which command reads it.
    command: usize,
}

struct Reader<'a> {
    letters: Peekable<Chars<'a>>,
    line: u32,
    column: u32,
    script: Script,
    command: Command,
    redirect: Option<Redirect>,
    documents: Vec<Document>,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), Problem> {
        self.prompt();
        while let Some(letter) = self.peek() {
            match letter {
                '\n' => {
                    self.next();
                    self.documents()?;
                    self.end(Input::Terminal);
                }
                ' ' | '\t' | '\r' => drop(self.next()),
                '#' => {
                    while self.peek().is_some_and(|letter| letter != '\n') {
                        self.next();
                    }
                }
                '|' | '&' | ';' => self.separator(letter),
                '<' | '>' => self.redirection(letter),
                '(' | ')' => {
                    self.next();
                    self.note("parentheses are left out");
                    self.end(Input::Terminal);
                }
                _ => self.word()?,
            }
        }
        self.documents()?;
        self.end(Input::Terminal);
        Ok(())
    }

    fn peek(&mut self) -> Option<char> {
        self.letters.peek().copied()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.letters.next()?;
        match letter {
            '\n' => (self.line, self.column) = (self.line.saturating_add(1), 1),
            _ => self.column = self.column.saturating_add(1),
        }
        Some(letter)
    }

    fn next_if(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    /// `$ ` or `% `, copied with the line.
    fn prompt(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
        let mut ahead = self.letters.clone();
        if matches!(ahead.next(), Some('$' | '%')) && ahead.next() == Some(' ') {
            self.next();
        }
    }

    fn note(&mut self, message: impl Into<String>) {
        let note = Problem::new(ProblemKind::Mismatch, message);
        if !self.script.notes.contains(&note) {
            self.script.notes.push(note);
        }
    }

    /// Ends the command; `next` is what the one after it reads.
    fn end(&mut self, next: Input) {
        self.redirect = None;
        let ended = std::mem::replace(&mut self.command, Command { words: vec![], input: next });
        if !ended.words.is_empty() {
            self.script.commands.push(ended);
        } else if matches!(self.command.input, Input::Terminal) {
            // A line that ends in `|` goes on on the next one.
            self.command.input = ended.input;
        }
    }

    fn separator(&mut self, letter: char) {
        self.next();
        if letter == '&' && self.next_if('>') {
            self.next_if('>');
            self.redirect = Some(Redirect::To);
            return;
        }
        let piped = letter == '|' && !self.next_if('|');
        if piped {
            self.next_if('&');
        } else if letter != '|' {
            self.next_if(letter);
        }
        self.end(if piped { Input::Pipe } else { Input::Terminal });
    }

    fn redirection(&mut self, letter: char) {
        self.next();
        self.redirect = Some(if letter == '>' {
            if !self.next_if('>') && !self.next_if('|') {
                self.next_if('&');
            }
            Redirect::To
        } else if !self.next_if('<') {
            Redirect::From
        } else if self.next_if('<') {
            Redirect::Here
        } else {
            Redirect::Document { strip_tabs: self.next_if('-') }
        });
    }

    /// One word, or what a redirection names.
    fn word(&mut self) -> Result<(), Problem> {
        let mut word = String::new();
        let mut quoted = false;
        while let Some(letter) = self.peek() {
            match letter {
                letter if letter.is_ascii_whitespace() || "|&;<>()".contains(letter) => break,
                '\'' => {
                    quoted = true;
                    self.single(&mut word)?;
                }
                '"' => {
                    quoted = true;
                    self.double(&mut word)?;
                }
                '\\' => {
                    self.next();
                    quoted = true;
                    match self.next() {
                        Some('\r') if self.next_if('\n') => {}
                        Some('\n') | None => {}
                        Some(letter) => word.push(letter),
                    }
                    // A line that goes on makes no word by itself.
                    if word.is_empty() {
                        return Ok(());
                    }
                }
                '$' => {
                    self.next();
                    match self.peek() {
                        Some('\'') => {
                            quoted = true;
                            self.ansi(&mut word)?;
                        }
                        Some('"') => {}
                        _ => self.variable(&mut word),
                    }
                }
                '`' => {
                    self.next();
                    self.unknown("`…`");
                    word.push('`');
                }
                letter => {
                    self.next();
                    word.push(letter);
                }
            }
        }
        // `2>&1`: the number belongs to the redirection.
        let descriptor = !quoted && word.chars().all(|letter| letter.is_ascii_digit());
        if descriptor && matches!(self.peek(), Some('<' | '>')) {
            return Ok(());
        }
        match self.redirect.take() {
            None => self.command.words.push(word),
            Some(Redirect::From) => self.command.input = Input::File(word),
            Some(Redirect::Here) => self.command.input = Input::Text(word + "\n"),
            Some(Redirect::To) => {
                // `2>&1` and `>&-` name no file.
                if word != "-"
                    && word != "/dev/null"
                    && !word.chars().all(|letter| letter.is_ascii_digit())
                {
                    self.note(format!("the line writes what comes to a file ({word}), not here"));
                }
            }
            Some(Redirect::Document { strip_tabs }) => {
                let command = self.script.commands.len();
                self.documents.push(Document { end: word, strip_tabs, quoted, command });
            }
        }
        Ok(())
    }

    fn unclosed(&self, (line, column): (u32, u32), quote: char) -> Problem {
        Problem::new(ProblemKind::Syntax, format!("this {quote} is not closed"))
            .span(line, column)
            .help("copy the command as a whole")
    }

    fn single(&mut self, word: &mut String) -> Result<(), Problem> {
        let place = (self.line, self.column);
        self.next();
        loop {
            match self.next() {
                None => return Err(self.unclosed(place, '\'')),
                Some('\'') => return Ok(()),
                Some(letter) => word.push(letter),
            }
        }
    }

    fn double(&mut self, word: &mut String) -> Result<(), Problem> {
        let place = (self.line, self.column);
        self.next();
        loop {
            match self.next() {
                None => return Err(self.unclosed(place, '"')),
                Some('"') => return Ok(()),
                Some('\\') => match self.next() {
                    None => return Err(self.unclosed(place, '"')),
                    Some('\n') => {}
                    Some('\r') if self.next_if('\n') => {}
                    Some(letter @ ('$' | '`' | '"' | '\\')) => word.push(letter),
                    Some(letter) => word.extend(['\\', letter]),
                },
                Some('$') => self.variable(word),
                Some('`') => {
                    self.unknown("`…`");
                    word.push('`');
                }
                Some(letter) => word.push(letter),
            }
        }
    }

    /// `$'…'` (bash, and POSIX since 2024).
    fn ansi(&mut self, word: &mut String) -> Result<(), Problem> {
        let place = (self.line, self.column);
        self.next();
        // Escapes are bytes there, which together are text.
        let mut bytes = Vec::new();
        let mut utf8 = [0; 4];
        loop {
            let letter = match self.next() {
                None => return Err(self.unclosed(place, '\'')),
                Some('\'') => break,
                Some('\\') => match self.next() {
                    None => return Err(self.unclosed(place, '\'')),
                    Some('a') => '\x07',
                    Some('b') => '\x08',
                    Some('e' | 'E') => '\x1b',
                    Some('f') => '\x0c',
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some('v') => '\x0b',
                    Some('x') => {
                        bytes.push(u8::try_from(self.digits(16, 2)).unwrap_or(b'?'));
                        continue;
                    }
                    Some('u') => char::from_u32(self.digits(16, 4)).unwrap_or('\u{fffd}'),
                    Some('U') => char::from_u32(self.digits(16, 8)).unwrap_or('\u{fffd}'),
                    Some(first @ '0'..='7') => {
                        let first = first.to_digit(8).unwrap_or(0);
                        let rest = self.letters.clone().take(2);
                        let count = rest.take_while(|letter| letter.is_digit(8)).count();
                        let value = (first << (3 * count)) | self.digits(8, count);
                        bytes.push(u8::try_from(value & 0xff).unwrap_or(b'?'));
                        continue;
                    }
                    Some(letter @ ('\\' | '\'' | '"' | '?')) => letter,
                    Some(letter) => {
                        bytes.push(b'\\');
                        letter
                    }
                },
                Some(letter) => letter,
            };
            bytes.extend_from_slice(letter.encode_utf8(&mut utf8).as_bytes());
        }
        word.push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    }

    /// A number of at most `most` digits.
    fn digits(&mut self, radix: u32, most: usize) -> u32 {
        let mut value = 0_u32;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|letter| letter.to_digit(radix)) else { break };
            self.next();
            value = value.wrapping_mul(radix).wrapping_add(digit);
        }
        value
    }

    /// What follows a `$` that was read: kept as it is written.
    fn variable(&mut self, word: &mut String) {
        word.push('$');
        match self.peek() {
            Some('{') => {
                let mut name = String::new();
                let mut ahead = self.letters.clone();
                for letter in ahead.by_ref() {
                    name.push(letter);
                    if letter == '}' {
                        self.unknown(&format!("${name}"));
                        break;
                    }
                }
            }
            Some('(') => self.unknown("$(…)"),
            Some(letter) if letter == '_' || letter.is_ascii_alphabetic() => {
                let named = |letter: &char| *letter == '_' || letter.is_ascii_alphanumeric();
                let name: String = self.letters.clone().take_while(named).collect();
                self.unknown(&format!("${name}"));
            }
            _ => {}
        }
    }

    fn unknown(&mut self, what: &str) {
        self.note(format!("the shell would replace {what}; it is kept as it is written"));
    }

    /// Reads the texts of here-documents that the line before began.
    fn documents(&mut self) -> Result<(), Problem> {
        for document in std::mem::take(&mut self.documents) {
            let mut text = String::new();
            loop {
                if self.peek().is_none() {
                    let message = format!("the here-document does not end with {}", document.end);
                    return Err(Problem::new(ProblemKind::Syntax, message)
                        .span(self.line, self.column)
                        .help("copy the command as a whole"));
                }
                let mut line = String::new();
                while let Some(letter) = self.next().filter(|letter| *letter != '\n') {
                    line.push(letter);
                }
                let line = line.strip_suffix('\r').unwrap_or(&line);
                let line = if document.strip_tabs { line.trim_start_matches('\t') } else { line };
                if line == document.end {
                    break;
                }
                text.push_str(line);
                text.push('\n');
            }
            if !document.quoted && text.contains(['$', '`']) {
                self.unknown("variables in the here-document");
            }
            let ended = self.script.commands.get_mut(document.command);
            ended.unwrap_or(&mut self.command).input = Input::Text(text);
        }
        Ok(())
    }
}
