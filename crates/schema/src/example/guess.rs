//! What a value probably looks like, told by its name. Knows English words, not types or schemas.

/// The words of a field's name and of the message around it, in lower case.
pub(super) struct Name {
    words: Vec<String>,
    around: Vec<String>,
    /// The text of a name that tells nothing; else its words.
    unknown: Option<&'static str>,
}

impl Name {
    /// From the names in the file.
    pub(super) fn new(field: &str, message: &str) -> Name {
        Name { words: words(field), around: words(message), unknown: None }
    }

    /// With `text` for a name that tells nothing.
    pub(super) fn or(self, text: &'static str) -> Name {
        Name { unknown: Some(text), ..self }
    }

    /// Whether it is about what the answer leaves out, for which only the server knows an example.
    pub(super) fn narrows(&self) -> bool {
        self.has(&["read", "view", "response"])
    }

    /// Whether the name is about one of these, which its last words say.
    fn ends(&self, names: &[&str]) -> bool {
        let whole = self.words.join("_");
        names.iter().any(|name| {
            whole.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
                // Plurals, for lists.
                || whole.strip_suffix('s').and_then(|one| one.strip_suffix(name)).is_some_and(
                    |rest| rest.is_empty() || rest.ends_with('_'),
                )
        })
    }

    /// Whether a map of this name holds labels, which have keys of their own sort.
    pub(super) fn labels(&self) -> bool {
        self.has(&["label", "labels"])
    }

    fn has(&self, names: &[&str]) -> bool {
        self.words.iter().any(|word| names.contains(&word.as_str()))
    }

    fn is_around(&self, names: &[&str]) -> bool {
        self.around.iter().any(|word| names.contains(&word.as_str()))
    }

    /// A text.
    pub(super) fn text(&self) -> String {
        let known = TEXTS.iter().find(|(names, _)| self.ends(names)).map(|(_, text)| *text);
        if let Some(text) = known {
            return text.to_owned();
        }
        if self.ends(&["id"]) {
            let prefix: Vec<_> =
                self.words.iter().filter(|w| !matches!(w.as_str(), "id" | "ids")).collect();
            let prefix = prefix.into_iter().map(String::as_str).collect::<Vec<_>>().join("-");
            return if prefix.is_empty() { "1".to_owned() } else { format!("{prefix}-1") };
        }
        if self.ends(&["name"]) {
            return if self.is_around(&["hello", "greet", "greeting", "greeter"]) {
                "World"
            } else if self.is_around(PEOPLE) || self.has(PEOPLE) {
                "Ada Lovelace"
            } else {
                "Example"
            }
            .to_owned();
        }
        if self.ends(&["at", "time", "timestamp"]) {
            return self.timestamp().to_owned();
        }
        let words = self.words.join(" ");
        let unknown = if words.is_empty() { Some("text") } else { self.unknown };
        unknown.map_or(words, str::to_owned)
    }

    /// A whole number.
    pub(super) fn integer(&self) -> i64 {
        const SECONDS: i64 = 1_768_469_400; // 2026-01-15T09:30:00Z
        let time = self.has(&["timestamp", "time", "unix", "epoch"]) || self.ends(&["at"]);
        let unit = self.words.last().map_or("", String::as_str);
        if time && !self.ends(&["nanos"]) {
            return match unit {
                "ms" | "millis" | "milliseconds" => SECONDS * 1_000,
                "us" | "micros" | "microseconds" => SECONDS * 1_000_000,
                "ns" | "nanoseconds" => SECONDS * 1_000_000_000,
                _ => SECONDS,
            };
        }
        INTEGERS.iter().find(|(names, _)| self.ends(names)).map_or(1, |(_, value)| *value)
    }

    /// A number with a fraction.
    pub(super) fn real(&self) -> f64 {
        REALS.iter().find(|(names, _)| self.ends(names)).map_or(1.5, |(_, value)| *value)
    }

    /// A flag: set, unless that would do harm.
    pub(super) fn flag(&self) -> bool {
        !self.has(&["force", "delete", "deleted", "purge", "disabled", "skip", "ignore", "allow"])
    }

    /// A point in time, RFC 3339.
    pub(super) fn timestamp(&self) -> &'static str {
        if self.has(&[
            "end",
            "until",
            "to",
            "expire",
            "expires",
            "expiry",
            "expiration",
            "due",
            "before",
        ]) {
            "2026-01-31T18:00:00Z"
        } else {
            "2026-01-15T09:30:00Z"
        }
    }

    /// A length of time, seconds with an `s`.
    pub(super) fn duration(&self) -> &'static str {
        if self.has(&["interval", "period"]) { "1s" } else { "30s" }
    }
}

const PEOPLE: &[&str] = &[
    "user",
    "person",
    "customer",
    "author",
    "member",
    "contact",
    "account",
    "employee",
    "owner",
    "sender",
    "recipient",
    "full",
    "display",
];

const TEXTS: &[(&[&str], &str)] = &[
    (&["email", "e_mail", "email_address", "mail"], "ada@example.com"),
    (&["first_name", "given_name", "forename"], "Ada"),
    (&["last_name", "family_name", "surname"], "Lovelace"),
    (&["user_name", "username", "login", "nickname"], "ada"),
    (&["file_name", "filename"], "example.txt"),
    (&["host_name", "hostname", "host", "domain"], "example.com"),
    (&["uuid", "guid"], "123e4567-e89b-12d3-a456-426614174000"),
    (&["url", "uri", "link", "href", "website", "homepage", "endpoint"], "https://example.com/"),
    (&["phone", "phone_number", "telephone", "mobile", "fax"], "+1 555 0100"),
    (&["country", "country_code", "region_code"], "DE"),
    (&["currency", "currency_code"], "EUR"),
    (&["language", "language_code", "locale", "lang"], "en"),
    (&["city", "town", "locality"], "Berlin"),
    (&["street", "address_line", "address"], "1 Main Street"),
    (&["zip", "zip_code", "postal_code", "postcode"], "10115"),
    (&["time_zone", "timezone", "tz"], "Europe/Berlin"),
    (&["ip", "ip_address"], "192.0.2.1"),
    (&["color", "colour"], "#336699"),
    (&["sku"], "KB-204-EU"),
    (&["title", "subject", "headline"], "Example"),
    (
        &["description", "comment", "note", "text", "body", "content", "summary", "message"],
        "Some text",
    ),
    (&["page_token", "cursor", "next_page_token", "filter"], ""),
    (&["order_by", "sort_by"], "name"),
    (&["password", "secret"], "secret"),
    (&["token", "key"], "abc123"),
    (&["version"], "1.0.0"),
    (&["path", "directory", "folder"], "/example"),
    (&["date", "birthday", "day"], "2026-01-15"),
    (&["query", "q", "search"], "example"),
    (&["unit"], "kg"),
];

const INTEGERS: &[(&[&str], i64)] = &[
    (&["page_size", "page_limit", "limit", "max_results", "count", "per_page"], 10),
    (&["offset", "skip", "nanos", "index", "padding"], 0),
    (&["quantity", "qty"], 2),
    (&["warehouse_id", "store_id"], 7),
    (&["age"], 36),
    (&["year"], 2026),
    (&["month"], 1),
    (&["day"], 15),
    (&["hour", "hours"], 9),
    (&["minute", "minutes", "seconds", "timeout"], 30),
    (&["port"], 8080),
    (&["cents", "price", "amount", "total", "cost", "price_minor", "minor_units"], 1999),
    (&["units"], 19),
    (&["percent", "percentage"], 50),
    (&["width"], 640),
    (&["height"], 480),
    (&["size", "length", "bytes"], 1024),
    (&["ms", "millis", "milliseconds"], 500),
    (&["year_of_birth", "birth_year"], 1815),
];

const REALS: &[(&[&str], f64)] = &[
    (&["latitude", "lat"], 52.52),
    (&["longitude", "lng", "lon", "long"], 13.405),
    (&["price", "amount", "total", "cost"], 19.99),
    (&["percent", "percentage"], 50.0),
    (&["rate", "ratio", "fraction", "probability", "confidence", "score"], 0.5),
    (&["temperature", "temp"], 21.5),
];

/// `pageSize`, `page_size` and `PageSize` are `page` and `size`; `HTTPStatus` is `http` and `status`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    for part in name.split(|c: char| !c.is_alphanumeric()) {
        let chars: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (i, c) in chars.iter().enumerate() {
            let before = i.checked_sub(1).and_then(|j| chars.get(j));
            let after = chars.get(i + 1);
            let starts = c.is_uppercase()
                && (before.is_some_and(|b| !b.is_uppercase())
                    || (before.is_some() && after.is_some_and(|a| a.is_lowercase())));
            if starts && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word.extend(c.to_lowercase());
        }
        if !word.is_empty() {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_values() {
        for (field, message, text) in [
            ("email", "User", "ada@example.com"),
            ("contact_email", "X", "ada@example.com"),
            ("emails", "X", "ada@example.com"),
            ("name", "HelloRequest", "World"),
            ("name", "User", "Ada Lovelace"),
            ("displayName", "X", "Ada Lovelace"),
            ("name", "Node", "Example"),
            ("id", "X", "1"),
            ("order_id", "X", "order-1"),
            ("node_ids", "X", "node-1"),
            ("paid", "X", "paid"),
            ("avatar_url", "X", "https://example.com/"),
            ("page_token", "X", ""),
            ("created_at", "X", "2026-01-15T09:30:00Z"),
            ("two_words", "X", "two words"),
            ("", "", "text"),
            ("ß", "Ü", "ß"),
        ] {
            assert_eq!(Name::new(field, message).text(), text, "{message}.{field}");
        }
        for (field, number) in [
            ("page_size", 10),
            ("pageSize", 10),
            ("id", 1),
            ("created_at", 1_768_469_400),
            ("timestamp_ms", 1_768_469_400_000),
            ("price_cents", 1999),
            ("nanos", 0),
            ("unknown", 1),
        ] {
            assert_eq!(Name::new(field, "X").integer(), number, "{field}");
        }
        for (field, number) in [("lat", 52.52), ("unit_price", 19.99), ("x", 1.5)] {
            assert_eq!(Name::new(field, "X").real(), number, "{field}");
        }
        for (field, flag) in [("enabled", true), ("force", false), ("force_delete", false)] {
            assert_eq!(Name::new(field, "X").flag(), flag, "{field}");
        }
        assert_eq!(words("HTTPStatusCode2"), ["http", "status", "code2"]);
    }
}
