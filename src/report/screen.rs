//! Where drawn text goes.

/// Takes text that is ready to be read. Implemented by whoever owns the terminal.
pub trait Screen: Send + Sync {
    /// What the user asked for; ends with a line break.
    fn out(&self, text: &str);

    /// What is said beside it: warnings and the like; ends with a line break.
    fn err(&self, text: &str);
}

/// Keeps what is written, for tests.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Kept(pub(crate) std::sync::Mutex<String>);

#[cfg(test)]
impl Screen for Kept {
    fn out(&self, text: &str) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_str(text);
    }

    fn err(&self, text: &str) {
        let text: String = text.lines().map(|line| format!("err| {line}\n")).collect();
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_str(&text);
    }
}

#[cfg(test)]
impl Kept {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
