//! Made-up values, the same in every run.

use crate::types::*;
use fastrand::Rng;
use pbjson_types::Timestamp;

const WORDS: &[&str] = &[
    "the", "a", "of", "and", "in", "for", "with", "light", "steel", "wooden", "green", "cable",
    "lamp", "desk", "keyboard", "holder", "garden", "kitchen", "travel", "measure", "between",
    "reading", "every", "morning", "without", "noise", "careful", "hands", "because", "paper",
];

/// Words that are not ASCII; in text one of a hundred.
const ACCENTED: &[&str] = &["café", "größer", "señal", "naïve", "東京", "Привет"];

fn seconds(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

pub(crate) fn order() -> Order {
    Order {
        id: "ord-2026-004217".into(),
        customer: "Ada Lovelace".into(),
        email: "ada@example.com".into(),
        quantity: 3,
        total_cents: 129_900,
        status: OrderStatus::Shipped.into(),
        created_at: seconds(1_795_253_400),
        note: "ok".into(),
    }
}

pub(crate) fn profile() -> Profile {
    let address = |street: &str, city: &str, code: &str, country: &str, latitude, longitude| {
        let position = Some(Position { latitude, longitude });
        Address {
            street: street.into(),
            city: city.into(),
            postal_code: code.into(),
            country_code: country.into(),
            primary: country == "DE",
            position,
        }
    };
    let label = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Profile {
        user_id: 7_204_118_553_021_449,
        display_name: "Grace Brewster Murray Hopper".into(),
        emails: vec!["grace@example.com".into(), "g.hopper@navy.example.org".into()],
        addresses: vec![
            address("Lindenstraße 12", "Berlin", "10969", "DE", 52.503_417, 13.395_201),
            address("10 Harbour View", "Portsmouth", "PO1 3HU", "GB", 50.797_9, -1.107_55),
        ],
        preferences: Some(Preferences {
            language: "en-GB".into(),
            theme: Theme::Dark.into(),
            newsletter: true,
            font_scale: 1.25,
            muted_topics: vec![
                "sports".into(),
                "gardening & allotments".into(),
                "weather \"alerts\"".into(),
            ],
        }),
        labels: [
            ("team", "compilers"),
            ("tier", "gold"),
            ("region", "eu-central"),
            ("beta", "yes"),
            ("contact", "pager"),
            ("locale", "en_GB.UTF-8"),
            ("cost-centre", "47-110"),
        ]
        .map(label)
        .into(),
        scores: vec![12, 7, 230, -4, 1_024, 99, 0, 18, 65_536, 41, 3, 3, 860, -17],
        avatar_digest: (0..32_u8).map(|n| n.wrapping_mul(73).wrapping_add(19)).collect(),
        joined_at: seconds(1_494_837_296),
        last_seen_at: Some(Timestamp { seconds: 1_795_253_401, nanos: 250_000_000 }),
    }
}

pub(crate) fn catalog(items: usize) -> Catalog {
    let mut random = Rng::with_seed(1);
    Catalog {
        items: (0..items).map(|_| item(&mut random)).collect(),
        next_page_token: "b2Zmc2V0PTUwMA".into(),
        total_size: 12_480,
    }
}

fn item(random: &mut Rng) -> Item {
    let availability = match random.u8(..4) {
        0 => Availability::Backordered,
        _ => Availability::InStock,
    };
    let words = random.usize(2..4);
    Item {
        id: random.i64(1_000_000..5_000_000_000),
        sku: format!("KB-{:05}", random.u32(..100_000)),
        title: words_of(random, words),
        price: Some(Money {
            currency: "EUR".into(),
            units: random.i64(1..2_000),
            nanos: if random.u8(..3) == 0 { 0 } else { random.i32(1..100) * 10_000_000 },
        }),
        tags: (0..random.usize(..3))
            .map(|_| random.choice(WORDS).map_or("", |w| w).into())
            .collect(),
        availability: availability.into(),
        stock: random.i32(0..500),
        rating: f64::from(random.u32(10..51)) / 10.0,
        updated_at: seconds(random.i64(1_600_000_000..1_795_000_000)),
    }
}

pub(crate) fn series(numbers: usize) -> Series {
    let mut random = Rng::with_seed(2);
    let values = (0..numbers / 2).map(|_| double(&mut random)).collect();
    // As many of each width, like identifiers, sizes and differences.
    let counts = (0..numbers / 2)
        .map(|_| {
            let magnitude = random.i64(..) & (i64::MAX >> random.u32(..56));
            if random.u8(..4) == 0 { -magnitude } else { magnitude }
        })
        .collect();
    Series { values, counts }
}

/// Three of four as people and sensors write them, one with all the digits of a computed one.
fn double(random: &mut Rng) -> f64 {
    match random.u8(..4) {
        0 => random.f64(),
        1 => f64::from(random.i32(-100_000_000..100_000_000)) / 100.0,
        2 => f64::from(random.i32(..)) / 1e6,
        _ => f64::from(random.u32(..)) / 1e4,
    }
}

pub(crate) fn document(parts: usize) -> Document {
    let mut random = Rng::with_seed(3);
    Document {
        title: "Collected \"letters\"".into(),
        sections: (0..parts).map(|_| section(&mut random)).collect(),
        attachments: (0..parts)
            .map(|n| Attachment {
                file_name: format!("page-{n}.bin"),
                content: (0..75_000).map(|_| random.u8(..)).collect(),
            })
            .collect(),
    }
}

fn section(random: &mut Rng) -> Section {
    let mut text = String::new();
    while text.len() < 98_500 {
        if !text.is_empty() {
            text += "\n\n";
        }
        let words = random.usize(40..120);
        text += &words_of(random, words);
        if random.u8(..3) == 0 {
            text += ", \"as they say\"";
        }
    }
    Section { heading: words_of(random, 5), text }
}

fn words_of(random: &mut Rng, count: usize) -> String {
    let words: Vec<&str> = (0..count)
        .map(|_| {
            let list = if random.u8(..100) == 0 { ACCENTED } else { WORDS };
            list[random.usize(..list.len())]
        })
        .collect();
    words.join(" ")
}
