//! Finds a block of rows that moved up or down, where scrolling it costs fewer bytes.

use std::hash::Hash;
use std::hash::Hasher;

use super::grid::Glyph;
use super::grid::Grid;
use super::grid::Shift;

/// The one scroll that saves most, if any does.
pub(super) fn find(shown: &Grid, next: &Grid) -> Option<Shift> {
    let (_, height) = next.size();
    let changed: Vec<u16> = (0..height)
        .filter(|y| shown.row(*y) != next.row(*y))
        .collect();
    let (first, last) = (*changed.first()?, *changed.last()?);
    if changed.len() < 2 {
        return None;
    }
    let old: Vec<Row> = (0..height).map(|y| Row::of(shown.row(y))).collect();
    let new: Vec<Row> = (0..height).map(|y| Row::of(next.row(y))).collect();
    let span = i32::from(last - first);
    let mut best: Option<(i32, Shift)> = None;
    for by in (-span..=span).filter(|by| *by != 0) {
        let Some((top, bottom)) = widest_gain(&old, &new, by) else {
            continue;
        };
        let shift = Shift {
            top,
            bottom,
            by,
            height,
        };
        let saved = saving(&old, &new, &shift);
        if saved > best.as_ref().map_or(0, |(saved, _)| *saved) {
            best = Some((saved, shift));
        }
    }
    best.map(|(_, shift)| shift)
}

/// A row, by what it shows and what it costs to write.
#[derive(Debug, Clone, Copy)]
struct Row {
    hash: u64,
    cost: i32,
}

impl Row {
    fn of(glyphs: &[Glyph]) -> Self {
        let mut hasher = Mix::default();
        glyphs.hash(&mut hasher);
        let text = glyphs
            .iter()
            .rposition(|g| !g.is_space() || g.cell.modifier.bits() != 0)
            .map_or(0, |last| last + 1);
        Self {
            hash: hasher.finish(),
            cost: i32::try_from(text).unwrap_or(i32::MAX) + MOVE,
        }
    }

    const fn blank_cost() -> i32 {
        MOVE
    }
}

/// A fast hash for comparing the rows of two frames; nobody outside can choose collisions
/// to any use, because rows are compared cell by cell before one is left unwritten.
#[derive(Debug, Default)]
struct Mix(u64);

impl Mix {
    const fn mix(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut value = [0; 8];
            value[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(value));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.mix(value.cast_unsigned() as u64);
    }
}

/// What positioning for a run costs.
const MOVE: i32 = 4;
/// What setting and resetting the margins, going there and scrolling costs.
const SCROLL: i32 = 24;

/// The region whose shifting by `by` rows puts most text where it belongs: its top and the row after it.
fn widest_gain(old: &[Row], new: &[Row], by: i32) -> Option<(u16, u16)> {
    let source = |y: usize| -> Option<&Row> {
        usize::try_from(i32::try_from(y).ok()? + by)
            .ok()
            .and_then(|at| old.get(at))
    };
    let (mut best, mut best_range) = (0, None);
    let (mut sum, mut start) = (0, 0);
    for y in 0..new.len() {
        let Some(from) = source(y) else {
            (sum, start) = (0, y + 1);
            continue;
        };
        let in_place = old[y].hash == new[y].hash;
        let moved = from.hash == new[y].hash;
        let gain = match (moved, in_place) {
            (true, false) => new[y].cost,
            (false, true) => -new[y].cost,
            _ => 0,
        };
        if sum <= 0 {
            (sum, start) = (0, y);
        }
        sum += gain;
        if sum > best {
            best = sum;
            best_range = Some((start, y + 1));
        }
    }
    let (start, end) = best_range?;
    let rows = usize::try_from(by.unsigned_abs()).ok()?;
    // The destination and where it comes from: both lie in the region.
    let (top, bottom) = if by > 0 {
        (start, end + rows)
    } else {
        (start - rows, end)
    };
    Some((u16::try_from(top).ok()?, u16::try_from(bottom).ok()?))
}

/// The bytes that the scroll saves, its own cost taken off.
fn saving(old: &[Row], new: &[Row], shift: &Shift) -> i32 {
    let mut saved = -SCROLL - shift.by.abs();
    for y in usize::from(shift.top)..usize::from(shift.bottom) {
        let before = if old[y].hash == new[y].hash {
            0
        } else {
            new[y].cost
        };
        let from = i32::try_from(y)
            .unwrap_or(i32::MAX)
            .saturating_add(shift.by);
        let inside = from >= i32::from(shift.top) && from < i32::from(shift.bottom);
        let moved = usize::try_from(from)
            .ok()
            .filter(|_| inside)
            .and_then(|at| old.get(at));
        let after = match moved {
            Some(row) if row.hash == new[y].hash => 0,
            None if new[y].cost == Row::blank_cost() => 0,
            _ => new[y].cost,
        };
        saved += before - after;
    }
    saved
}
