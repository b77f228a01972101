//! The pages as a browser meets them, one file for each thing a person may do, or a stranger may try.

mod journey;
