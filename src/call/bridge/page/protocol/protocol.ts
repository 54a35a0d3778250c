// The control protocol between the page and the program: how they meet, who speaks when, how sound is framed.
//
// The program listens on 127.0.0.1 and serves the page there by the name http://localhost:PORT (the SDK refuses to run under a bare address) to a
// browser without a window. The browser is told `--host-resolver-rules=MAP localhost 127.0.0.1`, because somebody else may
// listen on the same port of ::1. Two WebSockets lead back to the same address, each opened once by the page:
//
//   /control   JSON text frames. Program to page: `ToPage`. Page to program: `ToProgram`. Each has its name in `type`.
//   /pcm       binary frames of sound, both ways: `FRAME` below. Opened after `welcome`, before `ready`.
//
// Secret. The program makes 32 random bytes per launch and writes a start file (0600, in the private profile folder) that
// does `location.replace("http://localhost:PORT/#SECRET")`, SECRET being 64 lower-case hexadecimal digits. The page takes it
// from the fragment, clears the fragment, and offers two subprotocols on each socket: `PROTOCOL` and `SECRET + secret`. The program compares
// the secret in constant time, checks `Host` (localhost:PORT) and `Origin` (http://localhost:PORT), and answers with `PROTOCOL` alone, so the secret is never sent back. A wrong or
// missing secret is refused with 403 before the upgrade; so is a second socket of a kind. No token and no secret is ever part of an address
// that travels, a log, or a command line.
//
// Order. The page sends `hello`; the program answers `welcome`, or closes with `CLOSE.version`. Then the page loads the SDK and opens
// /pcm, and says `ready`. Only after `ready` may commands follow. A command carries an `id` of the program's choice and gets exactly one `done` or
// `failed` with that id. `done` of a command that makes a call comes before every event of that call. Everything else the page
// says without being asked is a state, or a moment, as each type says: a state is how things are now, whole, and hearing it twice means nothing
// new; a moment happens once. `refresh` has every state said again.
//
// Heartbeats. The program sends `beat` as often as it likes (80 ms in a call is enough to doubt the page after 230 ms), and the
// page answers each at once with the same number, from its main thread: a page that hangs is silent. The page closes itself when /control or /pcm is
// closed, or when it has heard nothing from the program for `welcome.silence` milliseconds.
//
// Shapes. Numbers are JSON numbers; times are milliseconds since the Unix epoch; people are raw ids (`8:acs:…`, `8:orgid:…`, `4:+1425…`);
// calls, incoming calls, agents and transfers are numbers that the page gives, never used twice, whatever the SDK calls them.
// What is not known is null; a writer leaves no member out, a reader takes an absent one for null, and passes over what it does not know. Words of
// the vendor (states, reasons, roles, names of capabilities …) are passed on letter for letter and typed `string`: known
// ones are listed beside the type, and unknown ones must be expected.
//
// An example of every message is in `tests/fixtures/bridge`; the tests of both sides read them.

export const VERSION = 1;
export const PROTOCOL = "sidetone.bridge.1";
export const SECRET = "sidetone.secret.";

// Codes with which a socket is closed on purpose, beside 1000 (the end).
export const CLOSE = {
  // The other side speaks another version.
  version: 4001,
  // What came is not of this protocol.
  nonsense: 4002,
} as const;

// One frame of sound: ten milliseconds, mono, 48 kHz. A frame of another length is nonsense.
//
//   0   u32  sequence: 0 for the first of a direction and a launch, then one more each; wraps
//   4   u32  call: whose sound this is; the page drops frames of a call that is not the one with sound
//   8   u64  microseconds on the sender's own monotonic clock when the first sample was captured; only differences mean something
//  16   i16  480 samples
//
// All little-endian. A gap in the sequence is sound that the sender dropped; the receiver fills it with silence or conceals it.
// Frames flow while the call has sound in that direction: page to program from the moment there is remote sound, program to page when the program likes;
// the page plays silence where none came. Nothing reaches the call unless it is `Connected` and not muted, whatever is sent.
export const FRAME = { rate: 48_000, samples: 480, head: 16, bytes: 16 + 2 * 480 } as const;

// What the program serves, and nothing else: `index.html` as the page, `built` as the files, each with its media type, `nosniff`, and
// `policy.txt` as Content-Security-Policy. In it `{local}` is nothing, or, where the configured endpoint is a service of this machine without TLS, its
// two origins: `http://127.0.0.1:4100 ws://127.0.0.1:4100`. `sdk.js` is the bundle that `sidetone setup calls` made on this machine (`setup/bundle` shows how), 404 when there is none.
export const PATHS = {
  page: "/",
  files: ["/page.js", "/worklet.js", "/worker.js"],
  sdk: "/sdk.js",
  control: "/control",
  pcm: "/pcm",
} as const;
