//! One sample of every page and state, for tests and for looking at.
