//! The lines of stars above plays and tasks.

/// Ansible writes titles as wide as this where there is no wider terminal.
const NARROWEST: usize = 80;

/// `TASK [name] ***…` up to the end of the line, and at least three stars.
pub(super) fn banner(text: &str, width: usize) -> String {
    let room = width.max(NARROWEST);
    let stars = room.saturating_sub(text.chars().count() + 1).max(3);
    format!("{text} {}", "*".repeat(stars))
}

#[cfg(test)]
mod tests {
    use super::banner;

    #[test]
    fn stars_fill_the_line() {
        assert_eq!(banner("TASK [ping]", 80).len(), 80);
        assert_eq!(banner("TASK [ping]", 20).len(), 80);
        assert_eq!(banner("TASK [ping]", 120).len(), 120);
        assert!(banner(&"x".repeat(100), 80).ends_with("x ***"));
    }
}
