//! Writes every page in every state into a folder, to be looked at: `cargo run -p countersign-server --example gallery -- DIR [ACCENT]`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use countersign_server::assets::{Assets, Brand};
use countersign_server::pages::view::{Site, samples};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("usage: gallery DIR [ACCENT]")?;
    let accent = arguments.next().map(|accent| accent.parse()).transpose()?;
    let folder = Path::new(&folder);
    let assets = Assets::new(&Brand { accent, logo: None });
    let site = Site::new("", "Example ID", &assets).with_help("https://example.com/help");
    fs::create_dir_all(folder.join("assets"))?;
    for asset in assets.all() {
        fs::write(folder.join("assets").join(&asset.file), &asset.body)?;
    }
    for sample in samples::all(&site)? {
        fs::write(folder.join(format!("{}.html", sample.name)), sample.html)?;
    }
    Ok(())
}
