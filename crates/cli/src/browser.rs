//! Opens a browser where there is one to look at. Never a text browser, never on the far side of SSH, and a failure
//! stops nothing: the code is on the screen.

use std::env;
use std::thread;

/// Starts the browser with this address in the background; whether it was tried. The address is https, or http on
/// loopback: `webbrowser` is built to refuse anything else, and hands it over as one argument, without a shell.
pub(crate) fn open(url: &str) -> bool {
    if !is_worth_it(|name| env::var(name).ok().filter(|value| !value.is_empty())) {
        return false;
    }
    let url = url.to_owned();
    thread::spawn(move || {
        let mut options = webbrowser::BrowserOptions::new();
        options.with_suppress_output(true);
        drop(webbrowser::open_browser_with_options(webbrowser::Browser::Default, &url, &options));
    });
    true
}

fn is_worth_it(variable: impl Fn(&str) -> Option<String>) -> bool {
    const REMOTE: [&str; 3] = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"];
    const TEXT: [&str; 8] = ["browsh", "elinks", "links", "links2", "lynx", "netrik", "w3m", "www-browser"];
    if REMOTE.iter().any(|name| variable(name).is_some()) {
        return false;
    }
    if let Some(browser) = variable("BROWSER") {
        let program = browser.split([' ', ':']).next().unwrap_or_default();
        if TEXT.contains(&program.rsplit('/').next().unwrap_or_default()) {
            return false;
        }
    }
    let screen = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|name| variable(name).is_some());
    screen || cfg!(any(target_os = "macos", windows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> bool {
        is_worth_it(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn only_where_somebody_would_see_it() {
        assert!(with(&[("DISPLAY", ":0")]) && with(&[("WAYLAND_DISPLAY", "wayland-0"), ("BROWSER", "firefox")]));
        assert!(!with(&[("DISPLAY", ":10"), ("SSH_CONNECTION", "1 2 3 4")]));
        for text in ["lynx", "/usr/bin/w3m -T", "links:firefox"] {
            assert!(!with(&[("DISPLAY", ":0"), ("BROWSER", text)]), "{text}");
        }
        #[cfg(target_os = "linux")]
        assert!(!with(&[]));
    }
}
