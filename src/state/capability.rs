//! What may be done now, and why not: one answer for both views.

use crate::command;
use crate::command::Breakout;
use crate::command::Command;
use crate::command::Leave;
use crate::command::Work;
use crate::model::account::Account;
use crate::model::account::AccountKind;
use crate::model::call::CallState;
use crate::model::call::Role;
use crate::model::call::Signalling;
use crate::model::call::Survey;
use crate::model::callee::Callee;
use crate::model::capability::Capability;
use crate::model::capability::Reason;
use crate::model::capability::facts;
use crate::model::capability::facts::Place;
use crate::model::capability::facts::Standing;
use crate::model::failure::Remedy;
use crate::model::locator::Locator;
use crate::model::locator::MeetingHost;
use crate::model::message::SendState;
use crate::model::notice::Consent;
use crate::model::permission::Permission;
use crate::model::sound::Audio;
use crate::model::thread::ChatAccess;
use crate::model::thread::Link;
use crate::model::thread::ThreadKind;
use crate::state::State;
use crate::state::call::Call;
use crate::state::lines::Opening;
use crate::state::sound::System;
use crate::state::threads::Thread;
use crate::state::timeline::Echo;

impl State {
    /// Whether a command can be given now.
    pub fn allowed(&self, command: &Command) -> Result<(), Reason> {
        match command {
            // To fall silent needs no permission to speak, and no service: sound may still flow without.
            Command::Mute(true) | Command::Talk(Some(false)) => self.present().map(drop),
            Command::ToggleMute if self.call().is_some_and(|c| !c.muted) => {
                self.present().map(drop)
            }
            Command::Talk(None) if self.sound.talk.is_open() => self.present().map(drop),
            Command::Mute(false) | Command::ToggleMute => self.may(Capability::UnmuteMic),
            Command::Hold(false) if self.live_call().is_err() => self.may(Capability::SwitchCall),
            Command::Hold(false) => match self.inside()?.state {
                CallState::LocalHold => Ok(()),
                CallState::Connecting
                | CallState::Ringing
                | CallState::EarlyMedia
                | CallState::InLobby
                | CallState::Connected
                | CallState::RemoteHold
                | CallState::Disconnecting
                | CallState::Disconnected => Err(Reason::NotOnHold),
            },
            Command::RaiseHand(Some(false)) if self.inside().is_ok_and(|c| !c.my_hand()) => {
                Err(Reason::HandNotUp)
            }
            Command::Work(Work::Presence(Some(_))) => {
                self.may(Capability::Organisation(Permission::SetPresence))
            }
            // Whatever else is in the way, it is refused in the words that say what to do.
            Command::Call(whom) if self.is_no_call(whom) => Ok(()),
            // Whoever was moved into a room may read which, and go back, whatever they may join.
            Command::Breakout(Breakout::List | Breakout::Return) => self.meeting().map(drop),
            // What is written now is for there, or is a passphrase typed before it is asked for.
            Command::SendText(_) | Command::Reply { .. } if self.doors.wanted.is_some() => {
                Err(Reason::GoingOver)
            }
            Command::Work(Work::Leave(wish)) => self.may_ask(*wish),
            Command::Retry if !self.can_retry() => Err(Reason::NothingFailed),
            command => self.may(command::row(command).needs),
        }
    }

    /// Dials the emergency numbers of a country, as it was set up.
    pub fn calls_emergencies(&self) -> bool {
        let caller = self.account().and_then(|account| self.callers.get(account));
        caller.is_some_and(|caller| caller.emergency)
    }

    fn is_no_call(&self, whom: &str) -> bool {
        matches!(Callee::parse(whom), Ok(Callee::Emergency(_))) && !self.calls_emergencies()
    }

    /// Something was not sent, or a chat was refused or is not connected.
    fn can_retry(&self) -> bool {
        self.threads.all.values().any(|thread| {
            let closed = matches!(thread.access, ChatAccess::Denied(_) | ChatAccess::Gone);
            let failed = |echo: &Echo| matches!(echo.state, SendState::Failed(_));
            let down = matches!(self.threads.link(&thread.key.account), Link::Down(_));
            closed || down || thread.timeline.echoes().any(failed)
        })
    }

    /// Whether a row of the command table can be given now, by itself.
    pub fn allowed_row(&self, row: &command::Row) -> Result<(), Reason> {
        match command::parse(&format!("/{}", row.name)) {
            Ok(command) => self.allowed(&command),
            // It wants words first.
            Err(_) => self.may(row.needs),
        }
    }

    /// How our identity stands to something where we are, before anybody is asked.
    pub fn standing(&self, id: &str, place: Option<Place>) -> Option<&'static Standing> {
        let account = self.acting(id.starts_with("chat."))?;
        Some(facts::standing(id, account.kind, place?))
    }

    /// Where a capability would act; `None` where identity matters to nobody: nothing is known
    /// yet, or the service is our own and its rules are.
    pub fn place(&self, needed: Capability) -> Option<Place> {
        let account = self.acting(needed.is_chat())?;
        if account.local {
            return None;
        }
        if matches!(needed, Capability::CallPeople | Capability::AnswerCall) {
            return Some(Place::Person);
        }
        let call = self.call().map(|call| &call.locator);
        let check = self.sound.check.as_ref().map(|check| &check.locator);
        match self.thread() {
            Some(thread) if needed.is_chat() && !self.is_of_call(thread) => Some(Place::Chat),
            _ => place_of(call.or(check)?),
        }
    }

    /// Who would do it: in a call whoever is in it, whatever is in front.
    fn acting(&self, chat: bool) -> Option<&Account> {
        let call = self.call().filter(|call| !chat && call.is_live());
        let of_call = call.map(|call| &call.account);
        self.accounts.get(of_call.or(self.account())?)
    }

    /// The thread is the chat of our call.
    fn is_of_call(&self, thread: &Thread) -> bool {
        let call = self.calls.get(&thread.key.account);
        call.is_some_and(|call| call.info.thread.as_ref() == Some(&thread.key.thread))
    }

    /// Our identity does not forbid it here.
    fn identity_allows(&self, needed: Capability) -> Result<(), Reason> {
        if needed == Capability::SendFiles {
            return self.takes_files();
        }
        let place = self.place(needed);
        let standings = needed.facts().iter();
        let forbidden = standings
            .filter_map(|id| self.standing(id, place))
            .find_map(|standing| match standing {
                Standing::No(why) => Some(why.as_str()),
                Standing::Yes | Standing::Limited(_) | Standing::Unknown(_) => None,
            });
        forbidden.map_or(Ok(()), |why| Err(Reason::Identity { why }))
    }

    /// The sign-in was given leave for it, as far as its tokens tell.
    fn sign_in_allows(&self, needed: Capability) -> Result<(), Reason> {
        let account = self.account().and_then(|id| self.accounts.get(id));
        let wanted = account.and_then(|account| needed.permission(account.kind));
        wanted.map_or(Ok(()), |wanted| self.is_given(wanted))
    }

    fn is_given(&self, wanted: Permission) -> Result<(), Reason> {
        let wanted = if self.is_in_channel() {
            wanted.in_channel()
        } else {
            wanted
        };
        let leave = self.account().and_then(|id| self.leave.get(id));
        if leave.is_some_and(|leave| leave.withheld.contains(&wanted)) {
            return Err(Reason::Withheld(wanted));
        }
        Ok(())
    }

    fn is_in_channel(&self) -> bool {
        let front = self.thread().and_then(|thread| thread.listed.as_ref());
        front.is_some_and(|listed| listed.kind == ThreadKind::Channel)
    }

    /// What was given already need not be asked for.
    fn may_ask(&self, wish: Leave) -> Result<(), Reason> {
        self.may(Capability::AskForLeave)?;
        match wish {
            Leave::Ask { wider, .. } if self.has_leave(wider) == Some(true) => {
                Err(Reason::HasLeave)
            }
            Leave::GiveUp if self.asking().is_none() => Err(Reason::NothingAskedFor),
            Leave::List | Leave::Ask { .. } | Leave::GiveUp => Ok(()),
        }
    }

    /// Whether a capability is given now: by our identity, and by what the service says besides.
    pub fn may(&self, needed: Capability) -> Result<(), Reason> {
        self.identity_allows(needed)?;
        self.sign_in_allows(needed)?;
        match needed {
            Capability::Anything | Capability::SeeTyping | Capability::Captions => Ok(()),
            Capability::ReadChat | Capability::MarkRead | Capability::SaveFiles => self.may_read(),
            Capability::WriteChat
            | Capability::Reply
            | Capability::EditMessages
            | Capability::DeleteMessages => self.may_write(),
            Capability::SendFiles => self
                .is_given(Permission::SendMessages)
                .and_then(|()| self.may_write()),
            Capability::Organisation(_) | Capability::AskForLeave => self.work_account(),
            Capability::WorkChat(_) => self.work_account().and_then(|()| self.may_write()),
            Capability::JoinCall => self.may_join(),
            Capability::LeaveCall => self.live_call().map(drop),
            Capability::InCall | Capability::HoldCall | Capability::SeeQuality => {
                self.inside().map(drop)
            }
            Capability::CallPeople => self.may_call(),
            Capability::AnswerCall if self.ringing.is_empty() => Err(Reason::NobodyCalls),
            Capability::AnswerCall => self.may_begin(),
            Capability::SwitchCall => match self.account() {
                Some(account) if self.waiting(account).next().is_some() => self.may_begin(),
                Some(_) | None => Err(Reason::NoOtherCall),
            },
            Capability::SendTones => match self.inside()?.state {
                CallState::LocalHold | CallState::RemoteHold => Err(Reason::OnHold),
                _ => Ok(()),
            },
            Capability::TransferCall => self.inside().map(drop),
            Capability::AddPeople => {
                let call = self.inside()?;
                may_add(call, false).or_else(|_| may_add(call, true))
            }
            Capability::UnmuteMic => self.may_unmute(),
            Capability::MuteOthers => self.lead("muteOthers"),
            Capability::RemoveParticipant => self.lead("removeParticipant"),
            Capability::EndForEveryone => {
                let call = self.inside()?;
                let denied = matches!(call.role, Role::Attendee | Role::Consumer | Role::Unknown);
                granted(call, "hangUpForEveryOne", denied.then_some(Reason::Role))
            }
            Capability::ManageLobby => self.lead("manageLobby"),
            Capability::RaiseHand => granted(self.inside()?, "raiseHand", None),
            Capability::UseReactions => granted(self.inside()?, "useReactions", None),
            Capability::BreakoutRooms => unless_denied(self.meeting()?, "joinBreakoutRooms"),
            Capability::Spotlight => {
                let call = self.meeting()?;
                unless_denied(call, "spotlightParticipant")?;
                if call.leads() {
                    Ok(())
                } else {
                    Err(Reason::Role)
                }
            }
            Capability::DialIn => granted(self.meeting()?, "dialIn", None),
            Capability::WatchElsewhere => match self.meeting()?.link() {
                Some(_) => Ok(()),
                None => Err(Reason::NoLink),
            },
            // Without signalling an answer would not arrive, and must not be logged as given.
            Capability::AnswerConsent => match self.inside()?.notices.consent {
                Consent::NotRequired => Err(Reason::NoConsentAsked),
                Consent::Required | Consent::Granted | Consent::Declined => Ok(()),
            },
            Capability::RateCall => self.may_rate(),
            Capability::Sound => self.has_sound(),
            // What is heard is ours to decide, whatever the service knows of it.
            Capability::HearCall => match self.present()?.audio {
                Audio::None => Err(Reason::JoinedSilent),
                Audio::Listen | Audio::Full => Ok(()),
            },
            Capability::RealTimeText => {
                let call = self.inside()?;
                match call.state {
                    CallState::LocalHold | CallState::RemoteHold => Err(Reason::OnHold),
                    _ => granted(call, "realTimeText", None),
                }
            }
        }
    }

    /// Whether waiting helps against a refusal: the way in is not at its end.
    pub fn may_come(&self, reason: &Reason) -> bool {
        match reason {
            Reason::GoingOver | Reason::ChatOpening | Reason::InLobby | Reason::SignallingLost => {
                true
            }
            Reason::NoThread | Reason::NoMeeting | Reason::NotInCall => self.is_on_the_way(),
            Reason::ChatDenied(failure) => matches!(failure.remedy, Remedy::Automatic { .. }),
            Reason::Identity { .. }
            | Reason::Withheld(_)
            | Reason::HasLeave
            | Reason::NothingAskedFor
            | Reason::ChatDown(_)
            | Reason::ChatGone
            | Reason::NoChatInMeeting
            | Reason::AlreadyInCall
            | Reason::CallsNobody { .. }
            | Reason::NoSurvey { .. }
            | Reason::CallBeingMade
            | Reason::NobodyCalls
            | Reason::NoOtherCall
            | Reason::CannotCall
            | Reason::OnHold
            | Reason::NoLink
            | Reason::NotOnHold
            | Reason::HandNotUp
            | Reason::NothingFailed
            | Reason::Role
            | Reason::MicrophoneForbidden
            | Reason::JoinedToListen
            | Reason::ConsentOutstanding
            | Reason::NoConsentAsked
            | Reason::NoSound { .. }
            | Reason::JoinedSilent
            | Reason::Service { .. } => false,
        }
    }

    /// To the call or the thread we were started for, or back into the call.
    fn is_on_the_way(&self) -> bool {
        match (self.opening, self.call()) {
            (Opening::Pending, _) => true,
            (Opening::Begun | Opening::Failed, None) => false,
            (Opening::Begun | Opening::Failed, Some(call)) => {
                !call.state.is_inside() && !call.is_given_up(self.now.moment)
            }
        }
    }

    /// Whether a row is worth listing: what only work accounts have is listed for them alone.
    pub fn lists(&self, row: &command::Row) -> bool {
        row.group != command::Group::Work || self.work_account().is_ok()
    }

    /// The account in front is one of an organisation.
    fn work_account(&self) -> Result<(), Reason> {
        let account = self.account().and_then(|id| self.accounts.get(id));
        match account.map(|account| account.kind) {
            Some(AccountKind::Teams) => Ok(()),
            Some(AccountKind::External) | None => Err(Reason::Identity {
                why: "only work accounts have that; you are an external user here",
            }),
        }
    }

    /// In a meeting, and not with people or phones.
    fn meeting(&self) -> Result<&Call, Reason> {
        let call = self.inside()?;
        match call.locator {
            Locator::Meeting { .. } | Locator::MeetingId { .. } => Ok(call),
            Locator::Thread(_) | Locator::GroupCall(_) | Locator::Room(_) | Locator::Person(_) => {
                Err(Reason::Identity {
                    why: "this call is no meeting",
                })
            }
        }
    }

    /// No service takes files of an external user, its own rules or not, and those of a channel lie where we put none.
    fn takes_files(&self) -> Result<(), Reason> {
        let account = self.account().and_then(|id| self.accounts.get(id));
        let kind = account.map_or(AccountKind::External, |account| account.kind);
        let of_channel = self.place(Capability::SendFiles) == Some(Place::Channel);
        let place = if of_channel || self.is_in_channel() {
            Place::Channel
        } else {
            Place::Chat
        };
        match facts::standing("chat.files_send", kind, place) {
            Standing::No(why) => Err(Reason::Identity { why }),
            Standing::Yes | Standing::Limited(_) | Standing::Unknown(_) => Ok(()),
        }
    }

    fn may_read(&self) -> Result<(), Reason> {
        let Some(thread) = self.threads.current() else {
            return Err(self.why_no_thread());
        };
        match &thread.access {
            ChatAccess::Opening | ChatAccess::Open | ChatAccess::Gone => Ok(()),
            ChatAccess::Denied(_) if !thread.timeline.is_empty() => Ok(()),
            ChatAccess::Denied(failure) => Err(Reason::ChatDenied(failure.clone())),
        }
    }

    fn may_write(&self) -> Result<(), Reason> {
        let Some(thread) = self.threads.current() else {
            return Err(self.why_no_thread());
        };
        match &thread.access {
            ChatAccess::Open => Ok(()),
            ChatAccess::Opening => match self.threads.link(&thread.key.account) {
                Link::Down(failure) => Err(Reason::ChatDown(failure.clone())),
                Link::Connecting
                | Link::Live
                | Link::Relayed
                | Link::Reconnecting
                | Link::Polling
                | Link::OnDemand => Err(Reason::ChatOpening),
            },
            ChatAccess::Denied(failure) => Err(Reason::ChatDenied(failure.clone())),
            ChatAccess::Gone => Err(Reason::ChatGone),
        }
    }

    fn why_no_thread(&self) -> Reason {
        match self.call() {
            Some(call) if call.state == CallState::InLobby => Reason::InLobby,
            Some(call) if call.state.is_inside() && call.info_known => Reason::NoChatInMeeting,
            Some(call) if call.is_live() => Reason::ChatOpening,
            Some(_) | None => Reason::NoThread,
        }
    }

    fn has_sound(&self) -> Result<(), Reason> {
        match &self.sound.system {
            System::Present => Ok(()),
            System::Absent { reason } => Err(Reason::NoSound {
                reason: reason.clone(),
            }),
            System::Looking | System::Unowned => Err(Reason::NoSound {
                reason: String::new(),
            }),
        }
    }

    fn may_join(&self) -> Result<(), Reason> {
        match self.call() {
            _ if self.sound.check.is_some() => Ok(()),
            None => Err(Reason::NoMeeting),
            Some(call) if call.is_live() => Err(Reason::AlreadyInCall),
            Some(_) if self.lacks_calls() => Err(Reason::CannotCall),
            Some(_) => Ok(()),
        }
    }

    fn may_rate(&self) -> Result<(), Reason> {
        let why = match self.call() {
            None => "no call has ended here",
            Some(call) => match call.survey {
                Survey::Open => return Ok(()),
                Survey::Sending(_) => "your rating is on its way",
                Survey::Sent(_) => "this call was rated already",
                Survey::None if call.is_live() => {
                    "a call by the vendor's SDK is rated once it is over"
                }
                Survey::None => {
                    "this was no call by the vendor's SDK that you were in, or it ended more than three minutes ago"
                }
            },
        };
        Err(Reason::NoSurvey { why })
    }

    fn may_call(&self) -> Result<(), Reason> {
        if self.lacks_calls() {
            return Err(Reason::CannotCall);
        }
        match self.account().and_then(|account| self.callers.get(account)) {
            None => Err(Reason::CallsNobody { why: ONLY_MEETINGS }),
            Some(_) => self.may_begin(),
        }
    }

    /// Another call can begin: the one in front can be put on hold, or there is none.
    fn may_begin(&self) -> Result<(), Reason> {
        match self.live_call() {
            Err(_) => Ok(()),
            Ok(call) if !call.state.is_inside() => Err(Reason::CallBeingMade),
            Ok(_) => self.inside().map(drop),
        }
    }

    fn live_call(&self) -> Result<&Call, Reason> {
        self.call().filter(|c| c.is_live()).ok_or(Reason::NotInCall)
    }

    /// Inside, with signalling: something can be asked for.
    fn inside(&self) -> Result<&Call, Reason> {
        let call = self.present()?;
        match call.signalling {
            Signalling::Lost { .. } => Err(Reason::SignallingLost),
            Signalling::Up => Ok(call),
        }
    }

    /// Inside, as far as we know.
    fn present(&self) -> Result<&Call, Reason> {
        let call = self.live_call()?;
        match call.state {
            CallState::Connected | CallState::LocalHold | CallState::RemoteHold => Ok(call),
            CallState::InLobby => Err(Reason::InLobby),
            CallState::Connecting
            | CallState::Ringing
            | CallState::EarlyMedia
            | CallState::Disconnecting
            | CallState::Disconnected => Err(Reason::NotInCall),
        }
    }

    fn may_unmute(&self) -> Result<(), Reason> {
        let call = self.inside()?;
        match call.audio {
            Audio::None => return Err(Reason::JoinedSilent),
            Audio::Listen => return Err(Reason::JoinedToListen),
            Audio::Full => {}
        }
        match (call.state, call.notices.consent) {
            (CallState::LocalHold | CallState::RemoteHold, _) => Err(Reason::OnHold),
            // Listen only until answered; a "no" keeps it so.
            (_, Consent::Required | Consent::Declined) => Err(Reason::ConsentOutstanding),
            (_, Consent::NotRequired | Consent::Granted) => match call.denied.get("unmuteMic") {
                None => Ok(()),
                Some(reason) if reason == "ExplicitConsentRequired" => {
                    Err(Reason::ConsentOutstanding)
                }
                Some(_) => Err(Reason::MicrophoneForbidden),
            },
        }
    }

    /// What organisers and presenters may, unless the service says otherwise.
    fn lead(&self, capability: &str) -> Result<(), Reason> {
        let call = self.inside()?;
        let needs_role = !call.leads() && !call.is_with_people();
        granted(call, capability, needs_role.then_some(Reason::Role))
    }
}

const ONLY_MEETINGS: &str = "the service of this account knows meetings only";

/// Where a locator leads, for those who do not belong to it.
fn place_of(locator: &Locator) -> Option<Place> {
    match locator {
        Locator::Meeting {
            host: MeetingHost::Own,
            ..
        } => None,
        locator if locator.is_channel_meeting() => Some(Place::Channel),
        Locator::Meeting { .. } | Locator::MeetingId { .. } => Some(Place::Meeting),
        Locator::Thread(_) => Some(Place::Chat),
        Locator::GroupCall(_) => Some(Place::Group),
        Locator::Room(_) => Some(Place::Room),
        Locator::Person(_) => Some(Place::Person),
    }
}

/// Whether the service lets us call somebody into the call. What it has not said yet is tried.
pub fn may_add(call: &Call, phone: bool) -> Result<(), Reason> {
    let needed: &[&str] = if phone {
        &["addPhoneNumber", "pstnDialOut"]
    } else {
        &["addTeamsUser"]
    };
    let said = |name: &&str| {
        call.denied
            .get(*name)
            .is_some_and(|why| why != "NotInitialized")
    };
    let denied = needed.iter().find(|name| said(name));
    denied.map_or(Ok(()), |name| granted(call, name, None))
}

/// Tried where the service has not made up its mind.
fn unless_denied(call: &Call, capability: &str) -> Result<(), Reason> {
    match call.denied.get(capability).map(String::as_str) {
        Some("NotInitialized") => Ok(()),
        Some(_) | None => granted(call, capability, None),
    }
}

/// The service's own word goes first; then what the role allows.
fn granted(call: &Call, capability: &str, role: Option<Reason>) -> Result<(), Reason> {
    match (call.denied.get(capability), role) {
        (Some(reason), _) if reason == "RoleRestricted" => Err(Reason::Role),
        (Some(reason), _) => Err(Reason::Service {
            reason: reason.clone(),
        }),
        (None, Some(reason)) => Err(reason),
        (None, None) => Ok(()),
    }
}
