//! What `update` wishes, done.

use std::io;

use rustix::process::Signal;

use crate::config;
use crate::config::paths;
use crate::effect::ControlNews;
use crate::effect::Effect;
use crate::effect::IdentityCommand;
use crate::event::Event;
use crate::event::Outcome;
use crate::event::RuntimeEvent;
use crate::event::TerminalEvent;
use crate::model::account::AccountId;
use crate::model::announcement::Announcement;
use crate::model::announcement::Class;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::model::message::Body;
use crate::model::notice::NoticeKind;
use crate::model::notice::NoticeState;
use crate::model::thread::ThreadKey;
use crate::runtime::Runtime;
use crate::runtime::control::schema::News;
use crate::runtime::display::Borrower;
use crate::runtime::outside;
use crate::runtime::transcript;
use crate::view::phrase;

impl Runtime {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Chat(account, command) => self.backends.chat(account, command),
            Effect::Call(account, command) => self.backends.call(account, command),
            Effect::Identity(account, command) => self.ask_identity(account, command),
            Effect::Sound(command) => self.backends.sound(command),
            Effect::History(command) => self.backends.history(command),
            Effect::Say(announcement) => self.say(&announcement, false),
            Effect::Bell => {
                let rung = self.display.bell();
                self.check(rung);
            }
            Effect::Notify(name) => {
                let chosen = self.state.settings.notify;
                let told = self
                    .display
                    .notify(chosen, "Call", &phrase::calls_you(&name));
                self.check(told);
            }
            Effect::Log(record) => self.notices.keep(record),
            Effect::Copy(text) => self.copy(&text),
            Effect::OpenUrl(url) => self.open(&url),
            Effect::EditDraft(draft) => self.edit(&draft),
            Effect::SaveTranscript { key, path, json } => self.save(&key, &path, json),
            Effect::SwitchView(interface) => {
                let switched = self.display.switch(interface, &self.state);
                self.check(switched);
            }
            Effect::Reply { request, answer } => self.control.reply(request, answer),
            Effect::Publish(news) => self.publish(news),
            Effect::UseTheme(name) => self.use_theme(name),
            Effect::Remember { key, value } => self.remember(&key, &value),
            Effect::OpenAccount(account) => self.open_account(account),
            Effect::Unlock(typed) => self.unlock(typed),
            Effect::Suspend => self.suspend(),
            Effect::Quit => self.quit = true,
        }
    }

    fn ask_identity(&mut self, account: AccountId, command: IdentityCommand) {
        let command = match command {
            IdentityCommand::AskForLeave { wider, by: None } => IdentityCommand::AskForLeave {
                wider,
                by: Some(outside::fitting()),
            },
            whole => whole,
        };
        self.backends.identity(account, command);
    }

    pub(super) fn say(&mut self, announcement: &Announcement, bell: bool) {
        let words = phrase::announcement(announcement, &self.state);
        let said = self.display.say(announcement, &words, bell);
        self.check(said);
    }

    fn copy(&mut self, text: &str) {
        let copied = self.display.copy(text);
        self.check(copied);
        self.done(Outcome::Copied);
    }

    fn open(&mut self, url: &str) {
        match outside::open(url) {
            Ok(()) => self.done(Outcome::Opened),
            Err(error) => self.failed_here(Doing::OpeningLink, format!("{error}: {url}")),
        }
    }

    fn edit(&mut self, draft: &str) {
        let Some(paths) = self.options.paths.clone() else {
            let why = "there is no folder to keep the draft in".to_owned();
            return self.failed_here(Doing::EditingDraft, why);
        };
        let lent = self.display.lend(Borrower::Editor);
        self.check(lent);
        let events = self.lanes().rest;
        if let Err(error) = outside::edit(draft, &paths.runtime, events) {
            self.happen(Event::Terminal(TerminalEvent::Edited(None)));
            self.failed_here(Doing::EditingDraft, error.to_string());
        }
    }

    fn save(&mut self, key: &ThreadKey, path: &str, json: bool) {
        let text = transcript::write(&self.state, key, json);
        let target = paths::expanded(path);
        match paths::create_private(&target, text.as_bytes()) {
            Ok(()) => self.done(Outcome::Saved {
                path: target.display().to_string(),
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let why = format!("{} exists already; give another name", target.display());
                self.failed_here(Doing::Writing, why);
            }
            Err(error) => {
                self.failed_here(Doing::Writing, format!("{}: {error}", target.display()));
            }
        }
    }

    fn remember(&mut self, key: &str, value: &str) {
        let Some(paths) = &self.options.paths else {
            return;
        };
        let path = paths.remembered();
        if let Err(error) = config::remember(&path, key, value) {
            let why = format!(
                "{}: {error}; what you set counts for this run alone",
                path.display()
            );
            self.failed_here(Doing::Writing, why);
        }
    }

    fn use_theme(&mut self, name: String) {
        match self.display.use_theme(&name, &self.state) {
            Ok(()) => self.done(Outcome::Themed { name }),
            Err(detail) => self.theme_failed(detail),
        }
    }

    /// The theme in use stays.
    pub(super) fn theme_failed(&mut self, detail: String) {
        let failure = Failure {
            doing: Doing::Theming,
            because: Because::Local { detail },
            remedy: Remedy::None,
        };
        let in_use = self.display.theme().to_owned();
        self.happen(Event::Runtime(RuntimeEvent::ThemeFailed {
            failure,
            in_use,
        }));
    }

    /// Stops like any program does; the signal to go on takes the terminal back.
    fn suspend(&mut self) {
        let lent = self.display.lend(Borrower::Shell);
        self.check(lent);
        if let Err(error) = rustix::process::kill_current_process_group(Signal::TSTP) {
            tracing::warn!(%error, "could not stop");
            let entered = self.display.enter(&self.state);
            self.check(entered);
        }
    }

    fn done(&mut self, outcome: Outcome) {
        self.happen(Event::Runtime(RuntimeEvent::Done(outcome)));
    }

    pub(super) fn failed_here(&mut self, doing: Doing, detail: String) {
        let failure = Failure {
            doing,
            because: Because::Local { detail },
            remedy: Remedy::None,
        };
        self.happen(Event::Runtime(RuntimeEvent::Failed(failure)));
    }

    fn publish(&self, news: ControlNews) {
        if self.control.is_unheard() {
            return;
        }
        self.control.publish(match news {
            ControlNews::Announced(announcement) => News::Announcement {
                class: class(announcement.class).to_owned(),
                text: phrase::announcement(&announcement, &self.state),
            },
            ControlNews::Message {
                key,
                message,
                inserted,
            } => News::Message {
                account: key.account.as_str().to_owned(),
                thread: key.thread.as_str().to_owned(),
                id: message.id.as_str().to_owned(),
                version: message.version.0,
                sender: message.sender.map(|person| person.name),
                mine: message.mine,
                text: match &message.body {
                    Body::Deleted => None,
                    body => Some(phrase::body(body)),
                },
                change: inserted.to_owned(),
            },
            ControlNews::Notice { kind, state } => notice(kind, state),
            ControlNews::CallState(state) => News::Call {
                state: state.to_owned(),
            },
            ControlNews::Mute(muted) => News::Mute { muted },
        });
    }
}

const fn class(class: Class) -> &'static str {
    match class {
        Class::Off => "off",
        Class::Quiet => "quiet",
        Class::Polite => "polite",
        Class::Answer => "answer",
        Class::Assertive => "assertive",
    }
}

fn notice(kind: NoticeKind, state: NoticeState) -> News {
    let notice = match kind {
        NoticeKind::Recording => "recording",
        NoticeKind::Transcription => "transcription",
    };
    let (state, by) = match state {
        NoticeState::Active { by } => ("active", by),
        NoticeState::Inactive { by } => ("inactive", by),
        NoticeState::Unknown => ("unknown", None),
    };
    News::Notice {
        notice: notice.to_owned(),
        state: state.to_owned(),
        by,
    }
}
