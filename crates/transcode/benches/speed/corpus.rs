//! What is converted: the five shapes and, for reading JSON, two other layouts of c.

use crate::contenders::Direction;
use std::path::Path;
use std::{fs, io};
use wirelab_transcode_shapes::{self as shapes, Shape};

pub const SHAPES: [&str; 7] = ["a", "b", "c", "c-pretty", "c-shuffled", "d", "e"];

pub struct Case {
    pub name: &'static str,
    pub json: Vec<u8>,
    pub shape: Shape,
}

/// Lays a JSON text out in another way.
type Layout = fn(&[u8]) -> Vec<u8>;

/// The cases of one direction, in the order of [`SHAPES`].
pub fn cases(direction: Direction) -> impl Iterator<Item = Case> {
    shapes::all().into_iter().flat_map(move |shape| {
        let layouts: &[(&'static str, Layout)] = match (direction, shape.name) {
            (Direction::JsonToWire, "c") => &[
                ("c", <[u8]>::to_vec),
                ("c-pretty", shapes::pretty),
                ("c-shuffled", shapes::shuffled),
            ],
            _ => &[(shape.name, <[u8]>::to_vec)],
        };
        let case = |(name, layout): &(&'static str, Layout)| Case {
            name,
            json: layout(&shape.json),
            shape: shape.clone(),
        };
        layouts.iter().map(case).collect::<Vec<_>>()
    })
}

/// `CASE.json`, `CASE.binpb` and `CASE.type` of each case, and `shapes.binpb`, the descriptor set of them all.
pub fn write(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join("shapes.binpb"), shapes::DESCRIPTORS)?;
    for case in cases(Direction::JsonToWire) {
        let file = |extension| directory.join(format!("{}.{extension}", case.name));
        fs::write(file("json"), &case.json)?;
        fs::write(file("binpb"), &case.shape.wire)?;
        fs::write(file("type"), case.shape.message.full_name())?;
    }
    Ok(())
}
