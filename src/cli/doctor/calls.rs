//! Calls into meetings at Microsoft: the browser, the vendor's SDK, and the page that one runs in the other.

use std::path::Path;
use std::path::PathBuf;

use crate::call::bridge;
use crate::call::bridge::trial;
use crate::call::bridge::trial::Seen;
use crate::cli::setup;
use crate::model::text;
use crate::tasks::Tasks;
use crate::view::phrase;

use super::Context;
use super::Row;

/// What such a call needs; where it is there, the page is run once, without signing in or joining anything.
pub(super) async fn parts(context: &Context) -> Vec<Row> {
    let chosen = context.config.as_ref().ok().and_then(|c| c.browser.clone());
    let browser = bridge::find(chosen.as_deref());
    let row = match (&browser, chosen) {
        (Some(path), _) => Row::ok(format!("calls at Microsoft run in {}", path.display())),
        (None, Some(path)) => Row::problem(format!("there is no browser {}", path.display()))
            .mend("set browser in the settings to a Chromium or Chrome"),
        (None, None) => Row::note("no Chromium and no Chrome: calls at Microsoft need one")
            .mend("install chromium"),
    };
    let mut rows = vec![row];
    let sdk = context
        .paths
        .as_ref()
        .map(|paths| paths.calling_sdk().join("sdk.js"));
    let Some(sdk) = sdk.filter(|path| path.is_file()) else {
        let text = "the vendor's calling SDK is not installed: calls at Microsoft need it";
        rows.push(Row::note(text).mend("sidetone setup calls"));
        return rows;
    };
    rows.push(Row::ok("the vendor's calling SDK is installed"));
    if let Some(browser) = browser {
        rows.extend(page(browser, &sdk).await);
    }
    rows
}

async fn page(browser: PathBuf, sdk: &Path) -> Vec<Row> {
    let tasks = Tasks::new();
    let seen = trial::look(Some(browser), sdk.to_owned(), tasks.clone()).await;
    tasks.stop();
    tasks.finished().await;
    match seen {
        Ok(seen) => told(&seen),
        Err(because) => {
            let why = text::line(&phrase::briefly(&because));
            let text = format!("the page that calls run in did not start: {why}");
            vec![
                Row::problem(text)
                    .mend("set browser in the settings to another Chromium or Chrome"),
            ]
        }
    }
}

fn told(seen: &Seen) -> Vec<Row> {
    if let Some(problem) = &seen.problem {
        let text = format!("the vendor's calling SDK does not load: {problem}");
        return vec![Row::problem(text).mend("sidetone setup calls")];
    }
    let Some(ready) = seen.ready else {
        let text = format!(
            "the page that calls run in was not ready within {} s",
            trial::PATIENCE.as_secs()
        );
        return vec![Row::problem(text).mend("sidetone doctor again, while the machine does less")];
    };
    let mut rows = vec![environment(seen)];
    rows.extend(seen.devices.map(devices));
    let memory = seen.memory.map_or_else(String::new, |memory| {
        let most = if memory.is_exact { "" } else { "at most " };
        format!(", and the browser takes {most}{} MB", memory.bytes >> 20)
    });
    let seconds = ready.as_secs_f64();
    let text = format!("the page was ready after {seconds:.1} s{memory} while it waits for calls");
    rows.push(Row::ok(text));
    rows
}

/// Whether the SDK supports where it runs, with the versions it sees.
fn environment(seen: &Seen) -> Row {
    let of = |name: &str| {
        let mut all = seen.environment.iter();
        all.find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    };
    let Some(supported) = of("isSupportedEnvironment") else {
        let why = seen
            .failed
            .as_ref()
            .map_or("no answer in time", |error| &error.name);
        return Row::problem(format!(
            "the SDK did not say whether it supports this browser: {why}"
        ))
        .mend("sidetone doctor again, with a network");
    };
    let word = |name| of(name).unwrap_or("unknown");
    let here = format!(
        "SDK {}, {} {} on {}",
        setup::VERSION,
        word("browser"),
        word("browserVersion"),
        word("platform")
    );
    if supported == "true" {
        return Row::ok(format!("the environment is supported: {here}"));
    }
    let parts = [
        ("isSupportedPlatform", "the system"),
        ("isSupportedBrowser", "the browser"),
        ("isSupportedBrowserVersion", "the browser's version"),
    ];
    let not = parts
        .into_iter()
        .filter(|(name, _)| of(name) == Some("false"));
    let not: Vec<&str> = not.map(|(_, part)| part).collect();
    let not = if not.is_empty() {
        "this".to_owned()
    } else {
        not.join(" and ")
    };
    Row::problem(format!("the SDK does not support {not}: {here}"))
        .mend("install a current chromium, or set browser in the settings to one")
}

fn devices((microphones, speakers): (usize, usize)) -> Row {
    let count = |n: usize, what: &str| match n {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    };
    let text = format!(
        "the browser sees {} and {}, which matters only where the SDK refuses raw sound",
        count(microphones, "microphone"),
        count(speakers, "speaker")
    );
    if microphones == 0 || speakers == 0 {
        return Row::note(text).mend("sidetone devices shows what this machine has");
    }
    Row::ok(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seen(supported: bool) -> Seen {
        let say = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Seen {
            ready: Some(Duration::from_millis(1234)),
            environment: vec![
                say("browser", "Chrome"),
                say("browserVersion", "156.0"),
                say("platform", "Linux"),
                say("isSupportedBrowserVersion", &supported.to_string()),
                say("isSupportedEnvironment", &supported.to_string()),
            ],
            devices: Some((1, 0)),
            memory: Some(trial::Memory {
                bytes: 354 << 20,
                is_exact: true,
            }),
            ..Seen::default()
        }
    }

    fn lines(seen: &Seen) -> Vec<String> {
        told(seen).iter().map(|row| row.line("calls")).collect()
    }

    #[test]
    fn the_page_is_told_in_three_lines() {
        assert_eq!(
            lines(&seen(true)),
            [
                "ok, calls: the environment is supported: SDK 2.0.0, Chrome 156.0 on Linux",
                "note, calls: the browser sees 1 microphone and no speaker, which matters only where the SDK refuses raw \
                 sound. To mend: sidetone devices shows what this machine has",
                "ok, calls: the page was ready after 1.2 s, and the browser takes 354 MB while it waits for calls",
            ]
        );
    }

    #[test]
    fn what_is_not_supported_is_named_with_what_mends_it() {
        let line = lines(&seen(false)).remove(0);
        assert_eq!(
            line,
            "problem, calls: the SDK does not support the browser's version: SDK 2.0.0, Chrome 156.0 on Linux. To mend: \
             install a current chromium, or set browser in the settings to one"
        );
    }

    #[test]
    fn an_sdk_that_does_not_load_is_a_problem() {
        let broken = Seen {
            problem: Some("SyntaxError".to_owned()),
            ..Seen::default()
        };
        let line = "problem, calls: the vendor's calling SDK does not load: SyntaxError. To mend: sidetone setup calls";
        assert_eq!(lines(&broken), [line]);
    }
}
