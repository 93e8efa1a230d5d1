//! Makes cargo look again when a migration is added: the embedding macro alone only sees those it read.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
