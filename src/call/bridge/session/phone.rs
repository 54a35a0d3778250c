//! What is done in a call with a phone system: keys pressed one by one, and the call handed on.

use std::collections::VecDeque;

use crate::event::CallEvent;
use crate::model::call;
use crate::model::call::EndReason;
use crate::model::call::TransferStep;
use crate::model::call::TransferTo;
use crate::model::failure::Because;
use crate::model::failure::Doing;
use crate::model::failure::Failure;
use crate::model::failure::Remedy;
use crate::wire::bridge::Act;
use crate::wire::bridge::TransferTarget;

use super::Session;
use super::asked::Asked;
use crate::call::bridge::convert;

/// Keys on their way: the next one is pressed once the last one was.
#[derive(Default)]
pub(super) struct Tones {
    waiting: VecDeque<char>,
    sent: usize,
}

impl Session {
    pub(super) fn press(&mut self, tones: &call::Tones) {
        let under_way = !self.tones.waiting.is_empty();
        self.tones.waiting.extend(tones.keys());
        if !under_way {
            self.tones.sent = 0;
            self.press_next();
        }
    }

    fn press_next(&mut self) {
        let next = self.tones.waiting.front().copied().zip(self.call);
        if let Some((key, call)) = next {
            let tone = convert::tone(key);
            return self.command(Act::SendDtmf { call, tone }, Asked::Tone);
        }
        self.tones.waiting.clear();
        let sent = std::mem::take(&mut self.tones.sent);
        if sent > 0 {
            self.event(CallEvent::TonesSent(sent));
        }
    }

    pub(super) fn pressed(&mut self) {
        self.tones.waiting.pop_front();
        self.tones.sent += 1;
        self.press_next();
    }

    /// What was behind it is not pressed either: it would mean something else.
    pub(super) fn not_pressed(&mut self, because: Because) {
        self.tones = Tones::default();
        self.event(CallEvent::ActionFailed(Failure {
            doing: Doing::CallAction,
            because,
            remedy: Remedy::None,
        }));
    }

    pub(super) fn hand_on(&mut self, to: TransferTo) {
        let Some(call) = self.call else { return };
        let to = match to {
            TransferTo::Person(id) => TransferTarget::Person {
                id: id.as_str().to_owned(),
            },
            TransferTo::Voicemail(id) => TransferTarget::Voicemail {
                voicemail: id.as_str().to_owned(),
            },
            TransferTo::Held(number) => {
                let held = self.held.iter().find(|h| h.plan.number == number);
                let Some(held) = held else { return };
                TransferTarget::Call { call: held.call }
            }
        };
        self.command(Act::Transfer { call, to }, Asked::Other);
    }

    pub(super) fn transfer_state(&mut self, state: &str, code: Option<i64>, sub: Option<i64>) {
        let number = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        let step = match state {
            "Transferring" => TransferStep::Begun,
            "Transferred" => TransferStep::Done,
            "Failed" => TransferStep::Failed(EndReason {
                code: number(code),
                subcode: number(sub),
            }),
            _ => return,
        };
        self.event(CallEvent::Transfer(step));
    }
}
