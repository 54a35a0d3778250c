//! The cast and their lines.

use crate::wire::local::NoticeKind;
use crate::wire::local::NoticeKind::Recording;
use crate::wire::local::NoticeKind::Transcription;
use crate::wire::local::Reaction;
use crate::wire::local::Role;

use self::Member::Alice;
use self::Member::Bob;
use self::Member::Carol;
use self::Member::Dave;
use self::Member::Erin;
use self::Step::Delete;
use self::Step::Edit;
use self::Step::Enter;
use self::Step::Hand;
use self::Step::Hush;
use self::Step::Leave;
use self::Step::LetIn;
use self::Step::Notice;
use self::Step::React;
use self::Step::Reply;
use self::Step::Say;
use self::Step::Speak;
use self::Step::Talk;
use self::Step::Type;
use self::Step::Write;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Member {
    Alice,
    Bob,
    Carol,
    Dave,
    Erin,
}

impl Member {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Alice => "Alice Moreau",
            Bob => "Bob Lindqvist",
            Carol => "Carol Osei",
            Dave => "Dave Kimura",
            Erin => "Erin Walsh",
        }
    }

    pub(super) const fn is_external(self) -> bool {
        matches!(self, Dave | Erin)
    }

    pub(super) const fn role(self) -> Role {
        match self {
            Alice => Role::Organizer,
            Bob => Role::Presenter,
            Carol | Dave | Erin => Role::Attendee,
        }
    }
}

/// One thing somebody does. Messages have a key by which later steps find them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Comes, and waits in the lobby if that is the rule for them.
    Enter(Member),
    /// Alice lets them in, if nobody else did.
    LetIn(Member),
    Leave(Member),
    Hand(Member, bool),
    React(Member, Reaction),
    /// Unmutes and speaks.
    Talk(Member),
    Hush(Member),
    /// Says this aloud, word by word: what captions are made of. Belongs between talking and hushing.
    Speak(Member, &'static str),
    /// So much of it by now, and whether that is all.
    Spoken(Member, &'static str, bool),
    /// Writes this in real time, word by word.
    Write(Member, &'static str),
    Written(Member, &'static str, bool),
    Notice(Member, NoticeKind, bool),
    Type(Member),
    Say(Member, &'static str, &'static str),
    /// The second key is that of the message answered.
    Reply(Member, &'static str, &'static str, &'static str),
    Edit(Member, &'static str, &'static str),
    Delete(Member, &'static str),
}

/// Milliseconds from the beginning of the scene, and what happens then.
pub(super) type Scene = &'static [(u64, Step)];

/// What somebody who looks for a minute has seen by then.
#[rustfmt::skip] // one step a line
pub(super) const OPENING: Scene = &[
    (700, Say(Bob, "morning", "<p>Morning everyone, the slides are in the shared folder.</p>")),
    (1_500, Type(Alice)),
    (3_000, Say(Alice, "welcome", "<p>Welcome {guest}! We are about to go through the new sign-in page. Here is the plan:</p><ol><li>what changed since <strong>Thursday</strong></li><li>open questions</li><li>who does what</li></ol>")),
    (4_300, Say(Bob, "browser", "<p>Who has no terminal at hand comes in with a browser: <a href=\"{page}\">{page}</a></p>")),
    (5_000, React(Carol, Reaction::Like)),
    (6_500, Enter(Erin)),
    (8_000, Notice(Alice, Recording, true)),
    (8_300, Say(Alice, "recording", "<p>I have started the recording, for those who could not come.</p>")),
    (10_500, Talk(Bob)),
    (11_000, Speak(Bob, "So, we watched eight people sign in. They find the page in twelve seconds now.")),
    (12_000, Type(Carol)),
    (13_500, Say(Carol, "table", "<p>The numbers from the test:</p><table><tr><th>Step</th><th>Before</th><th>Now</th></tr><tr><td>Find the page</td><td>41 s</td><td>12 s</td></tr><tr><td>Sign in</td><td>1 min 20 s</td><td>35 s</td></tr></table>")),
    (16_000, LetIn(Erin)),
    (17_000, Hush(Bob)),
    (18_500, Say(Erin, "late", "<p>Hello, sorry I am late. The train stood <em>in a field</em> for a while 🚆</p>")),
    (20_000, Hand(Carol, true)),
    (22_000, Reply(Bob, "quote", "table", "<p>Twelve seconds is better than I had hoped.</p>")),
    (24_000, Notice(Carol, Transcription, true)),
    (26_000, Hand(Carol, false)),
    (26_200, Talk(Carol)),
    (26_600, Speak(Carol, "One thing worries me. Half of them never saw the second button.")),
    (28_000, Type(Bob)),
    (31_400, Speak(Carol, "And nobody read the text above it.")),
    (30_000, Say(Bob, "code", "<p>This is the check we agreed on:</p><pre><code>if attempts &gt; 3 {\n    wait(attempts * 2);\n}</code></pre>")),
    (32_500, Say(Erin, "typo", "<p>Shuold the wait not have an upper limit?</p>")),
    (35_000, Edit(Erin, "typo", "<p>Should the wait not have an upper limit?</p>")),
    (36_000, Hush(Carol)),
    (37_500, React(Erin, Reaction::Applause)),
    (39_000, Say(Alice, "link", "<p>Yes. The draft is at <a href=\"https://example.org/sign-in/draft\">the usual place</a>, comments until Friday.</p>")),
    (40_000, Write(Erin, "My microphone is broken, so I write. Please go on, I can hear you.")),
    (42_000, Say(Bob, "wrong", "<p>milk, bread, two lemons</p>")),
    (44_500, Delete(Bob, "wrong")),
    (45_500, Say(Bob, "oops", "<p>That was meant for somebody else 🙈</p>")),
    (47_000, Enter(Dave)),
    (49_000, Notice(Carol, Transcription, false)),
    (51_000, Say(Alice, "todo", "<p>So, who does what:</p><ul><li>Bob: the limit</li><li>Carol: the numbers again in a week</li><li>{guest}: tell us what you would change</li></ul>")),
    (54_000, LetIn(Dave)),
    (57_000, Notice(Alice, Recording, false)),
];

/// What goes on afterwards, in changing order.
#[rustfmt::skip] // one step a line
pub(super) const SCENES: [Scene; 8] = [
    &[
        (0, Type(Carol)),
        (2_000, Say(Carol, "idea", "<p>What if the page remembered the <strong>last</strong> account instead of asking?</p>")),
        (6_000, Reply(Bob, "idea-reply", "idea", "<p>Only where nobody shares the machine.</p>")),
        (8_000, React(Carol, Reaction::Like)),
    ],
    &[
        (0, Notice(Alice, Recording, true)),
        (2_000, Talk(Alice)),
        (2_400, Speak(Alice, "For the recording: we keep the page as it is, and look at the numbers again next week.")),
        (10_000, Hush(Alice)),
        (14_000, Notice(Alice, Recording, false)),
    ],
    &[
        (0, Hand(Bob, true)),
        (1_500, Hand(Carol, true)),
        (4_000, Talk(Bob)),
        (4_300, Speak(Bob, "I would rather wait for the other two tests.")),
        (9_000, Hush(Bob)),
        (9_200, Hand(Bob, false)),
        (9_500, Talk(Carol)),
        (9_800, Speak(Carol, "They are done on Monday, I can tell you then.")),
        (14_000, Hush(Carol)),
        (14_200, Hand(Carol, false)),
    ],
    &[
        (0, Enter(Dave)),
        (12_000, LetIn(Dave)),
        (14_000, Say(Dave, "back", "<p>Back again. What did I miss?</p>")),
        (17_000, Say(Bob, "missed", "<p>Nothing you did not know, and <s>three</s> four jokes.</p>")),
        (40_000, Leave(Dave)),
    ],
    &[
        (0, Notice(Carol, Transcription, true)),
        (3_000, Say(Carol, "read-out", "<p>I read the last point out for the transcript.</p>")),
        (5_000, Talk(Carol)),
        (5_300, Speak(Carol, "Agreed: three attempts, then a minute of waiting, then help.")),
        (11_000, Hush(Carol)),
        (13_000, Notice(Carol, Transcription, false)),
    ],
    &[
        (0, Write(Erin, "Still no microphone here. I will write what I think of it.")),
        (2_500, Say(Erin, "question", "<p>{guest}, how do you do this where you work?</p>")),
        (9_000, React(Bob, Reaction::Surprised)),
    ],
    &[
        (0, Say(Bob, "estimate", "<p>I need three days for this.</p>")),
        (4_000, Edit(Bob, "estimate", "<p>I need <strong>four</strong> days for this, with tests.</p>")),
        (6_000, React(Alice, Reaction::Laugh)),
        (8_000, Say(Alice, "five", "<p>I have put down five.</p>")),
    ],
    &[
        (0, Leave(Erin)),
        (15_000, Enter(Erin)),
        (27_000, LetIn(Erin)),
        (29_000, Say(Erin, "again", "<p>My network again. Please go on.</p>")),
    ],
];
