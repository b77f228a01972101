//! The browser pages: what a person sees and does between the code and the device's token.

pub mod text;
pub mod view;
