//! Calls into meetings at Microsoft: the browser and the vendor's SDK.

use crate::call::bridge;

use super::Context;
use super::Row;

/// What such a call needs, found by looking: the page itself is tried by a call.
pub(super) fn parts(context: &Context) -> Vec<Row> {
    let chosen = context.config.as_ref().ok().and_then(|c| c.browser.clone());
    let browser = bridge::find(chosen.as_deref());
    let browser = match (browser, chosen) {
        (Some(path), _) => Row::ok(format!("calls at Microsoft run in {}", path.display())),
        (None, Some(path)) => Row::problem(format!("there is no browser {}", path.display()))
            .mend("set browser in the settings to a Chromium or Chrome"),
        (None, None) => Row::note("no Chromium and no Chrome: calls at Microsoft need one")
            .mend("install chromium"),
    };
    let sdk = context
        .paths
        .as_ref()
        .map(|paths| paths.calling_sdk().join("sdk.js"));
    let sdk = match sdk {
        Some(path) if path.is_file() => Row::ok("the vendor's calling SDK is installed"),
        Some(_) | None => {
            Row::note("the vendor's calling SDK is not installed: calls at Microsoft need it")
                .mend("sidetone setup calls")
        }
    };
    vec![browser, sdk]
}
