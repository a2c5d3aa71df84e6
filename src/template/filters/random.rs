//! Filters that choose by chance: `random`, `shuffle`. With a seed they choose as Python's generator does, so that a value
//! chosen for a host years ago stays the same.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::items;
use crate::template::mersenne::Mersenne;
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("random", FilterFn::new(random)),
    ("shuffle", FilterFn::new(shuffle)),
    ("community.general.random_mac", FilterFn::new(random_mac)),
];

/// The generator of a seed, or one that nobody can foresee.
fn generator(seed: Option<&Value>) -> Result<Mersenne, Stop> {
    Ok(match seed {
        None | Some(Value::Null) => {
            let seed: [u8; 64] = rand::random();
            Mersenne::from_bytes(&seed)
        }
        Some(Value::Int(seed)) => Mersenne::from_int(seed.unsigned_abs()),
        Some(other) => Mersenne::from_text(&text(other)?),
    })
}

/// `end | random(start, step, seed)`: a number below `end`; `list | random(seed=…)`: one of its items.
fn random(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("end")?;
    let start = given.optional_int("start")?;
    let step = given.optional_int("step")?;
    let seed = given.optional("seed")?;
    given.finish()?;
    let mut generator = generator(seed.as_ref())?;
    if let Value::Int(end) = value {
        let (start, step) = (start.unwrap_or(0), step.unwrap_or(1));
        let width = if step > 0 { end.saturating_sub(start) } else { start.saturating_sub(end) };
        let Some(count) = u64::try_from(width).ok().filter(|width| *width > 0 && step != 0) else {
            return Err(Stop::value("the range to choose from is empty"));
        };
        let count = count.div_ceil(step.unsigned_abs());
        let chosen = i64::try_from(generator.below(count)).unwrap_or(0);
        return Ok(Value::Int(start + step * chosen));
    }
    if start.is_some() || step.is_some() {
        return Err(Stop::argument("`start` and `step` go with a number, not with a list"));
    }
    let mut all = items(&value)?;
    if all.is_empty() {
        return Err(Stop::value("the list to choose from is empty"));
    }
    let at = usize::try_from(generator.below(all.len() as u64)).unwrap_or(0);
    Ok(all.swap_remove(at))
}

fn shuffle(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let mut all = items(&given.value("mylist")?)?;
    let seed = given.optional("seed")?;
    given.finish()?;
    let mut generator = generator(seed.as_ref())?;
    for at in (1..all.len()).rev() {
        let other = usize::try_from(generator.below(at as u64 + 1)).unwrap_or(0);
        all.swap(at, other);
    }
    Ok(all.into())
}

/// `'52:54:00' | community.general.random_mac(seed=…)`
fn random_mac(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let prefix = given.text("value")?.to_lowercase();
    let seed = given.optional("seed")?;
    given.finish()?;
    let mut parts: Vec<String> =
        prefix.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let valid = |part: &String| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
    if parts.is_empty() || parts.len() > 5 || !parts.iter().all(valid) {
        return Err(Stop::value(format!("`{prefix}` is no beginning of a MAC address")));
    }
    let mut generator = generator(seed.as_ref())?;
    // The upper half of the highest random value is kept, so that five parts with 68719476736 values are filled.
    let value = 68_719_476_736 + generator.below(1_099_511_627_775 - 68_719_476_736 + 1);
    let digits = format!("{value:x}");
    let mut pairs =
        digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned());
    while parts.len() < 6 {
        parts.extend(pairs.next());
    }
    Ok(parts.join(":").into())
}
