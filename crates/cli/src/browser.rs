//! Opens browsers: at the studio, and where people sign in.

use crate::output;
use futures_util::StreamExt;
use wirelab_model::StudioEvent;
use wirelab_studio::Studio;

/// Opens a browser without waiting for it.
pub fn open(url: String) {
    std::thread::spawn(move || {
        if let Err(error) = webbrowser::open(&url) {
            output::note(&format!(
                "wirelab: no browser could be opened ({error}); open the address yourself"
            ));
        }
    });
}

/// From now on until the studio closes, tells where somebody has to sign in, and opens a browser there if `visit`.
pub fn sign_in(studio: &Studio, visit: bool) {
    let mut events = studio.events();
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if let StudioEvent::SignIn { url, .. } = event {
                output::note(&format!("wirelab: sign in to go on: {url}"));
                if visit {
                    open(url);
                }
            }
        }
    });
}
