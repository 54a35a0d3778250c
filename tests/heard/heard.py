"""Plays the rig's script of 20 events in a meeting of the embedded service, and scores what each reader said.

Started by the script `run` beside it, which says what is needed. Ends with 0 if
everything that was measured is as required, with 1 if not, with 2 if something is missing.
"""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.parse
import urllib.request

RIG, PROGRAM = os.environ["SPOKEN_RIG"], os.environ["SIDETONE"]
sys.path.insert(0, RIG)
import spoken  # noqa: E402  (the rig's own module)

# Spoken of 20, median and longest seconds to the synthesizer, noise, seconds until the recording notice was heard.
REQUIRED = {
    "tdsr": (20, 0.1, 8, 0.15, 7),
    "yasr": (20, 0.1, 8, 0.15, 7),
    "fenrir": (20, 0.1, 8, 0.15, 7),
    "orca": (20, 0.1, 8, 0.15, 7),
    "brltty": (18, 0.2, 8, 0.20, 10),
}
# The person writes during the recording notice, which comes 2.8 s after m13.
KEYS = [
    {"after": "m13", "plus": 2.2, "keys": "ok sounds fine", "each": 0.15},
    {"after": "m13", "plus": 4.5, "keys": "\r"},
]
SECONDS, SETTLED, IDLE = 42, 3, 60
SIZE = (24, 80)


class Meeting:
    """A service of its own with one meeting, and the four people of the script in it."""

    def __init__(self, folder, marks):
        data = os.path.join(folder, "service")
        self.process = subprocess.Popen(
            [PROGRAM, "host", "--data", data],
            stdout=subprocess.PIPE,
            env={**os.environ, "SPOKEN_MARKS": marks},
        )
        line = self.process.stdout.readline()
        if not line.startswith(b"{"):
            raise RuntimeError(f"{PROGRAM} host did not say that it is ready")
        self.ready = json.loads(line)
        made = self.control("/meetings", {"topic": "Standup", "lobby": "everyone", "organizer": "Alice"})
        self.link, self.thread = made["link"], urllib.parse.quote(made["threadId"], safe="")
        for name in ("Alice", "Bob", "Carol", "Dave"):
            self.control(f"/meetings/{self.thread}/participants", {"name": name})

    def control(self, path, body=None):
        request = urllib.request.Request(
            self.ready["controlUrl"] + "/v1" + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.ready["controlKey"], "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def client(self, view):
        return [PROGRAM, "join", self.link, "--endpoint", self.ready["endpoint"], "--name", "Tester", view]

    def wait_for_client(self, still_runs):
        end = time.monotonic() + 90
        while time.monotonic() < end and still_runs():
            people = self.control(f"/meetings/{self.thread}")["people"]
            if any(one["isClient"] and one["isInside"] for one in people):
                return
            time.sleep(0.1)
        raise RuntimeError("the client did not come into the meeting")

    def play(self, events):
        begun = time.monotonic()
        for event in events:
            time.sleep(max(0, begun + event["at"] - time.monotonic()))
            name = event["nick"].title()
            if not event.get("notice"):
                said = {"as": name, "text": event["text"], "mark": event["id"]}
                self.control(f"/threads/{self.thread}/messages", said)
                continue
            kind, change = event["text"].lower().split()[:2]
            self.notice(kind, change == "started", name, event["id"])

    def notice(self, kind, active, name, mark=None):
        body = {"active": active, "byName": name}
        if mark:
            body["mark"] = mark
        self.control(f"/meetings/{self.thread}/{kind}", body)

    def close(self):
        self.process.terminate()
        self.process.wait(10)


def listen(reader, view, events, log):
    """Runs the client under the reader while the script is played; the rig writes the log."""
    folder = tempfile.mkdtemp(prefix="heard-")
    marks, keys = os.path.join(folder, "marks"), os.path.join(folder, "keys")
    with open(keys, "w") as file:
        file.writelines(json.dumps(key) + "\n" for key in KEYS)
    meeting = Meeting(folder, marks)
    try:
        rig = [sys.executable, os.path.join(RIG, "spoken.py"), "run", "--reader", reader, "--script", keys]
        rig += ["--marks", marks, "--seconds", str(SECONDS), "--log", log, "--raw", log + ".raw", "--"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "SIDETONE"))}
        # Its own notes (Orca's are long) matter only when it fails.
        with open(log + ".err", "w") as errors:
            running = subprocess.Popen(rig + meeting.client(view), env=environment, stderr=errors)
        try:
            meeting.wait_for_client(lambda: running.poll() is None)
            time.sleep(SETTLED)
            meeting.play(events)
            running.wait(SECONDS + 60)
        finally:
            if running.poll() is None:
                running.terminate()
                running.wait(10)
    finally:
        meeting.close()
        shutil.rmtree(folder, ignore_errors=True)
    return spoken.load(log)


def expected(events, view):
    """Our own wording. On the full screen name and text stand on rows of their own."""
    texts = []
    for event in events:
        alone = event.get("notice") or view == "--full-screen"
        texts.append({"id": event["id"], "text": event["text"] if alone else f"{event['nick']} {event['text']}"})
    return texts


def seconds(value):
    return "-" if value is None else f"{value:.2f}"


def row(name, reader, score):
    notice = next(item for item in score["items"] if item["id"] == "n14")
    if not notice["spoken"]:
        heard = "not spoken"
    elif notice["heard"]:
        heard = f"heard after {notice['heard_end']:.1f} s"
    else:
        heard = f"cut at {100 * notice['fraction']:.0f} %"
    # The desktop reader's terminal is not ours to listen to.
    bells = "-" if reader == "orca" else score["bells"]
    cells = [
        name,
        f"{score['spoken']}/{score['expected']}",
        f"{round(score['fraction_heard'] * score['expected'])}/{score['expected']}",
        f"{seconds(score['sent_median_s'])}/{seconds(score['sent_max_s'])}",
        f"{score['words']} ({score['words_repeat']} {score['words_graphic']} {score['words_other']})",
        seconds(score["noise_ratio"]),
        heard,
        bells,
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def failures(reader, score, events):
    """What is not as required, in words."""
    spoken_least, median, longest, noise, heard = REQUIRED[reader]
    notice = next(item for item in score["items"] if item["id"] == "n14")
    silent = [item["id"] for item in score["items"] if not item["spoken"]]
    # Assertive events, and the one message that names us.
    bells = sum(bool(event.get("notice")) for event in events) + 1
    checks = [
        (score["spoken"] >= spoken_least, f"spoke {score['spoken']} of 20, not {', '.join(silent)}"),
        ((score["sent_median_s"] or 0) <= median, f"was told late, {score['sent_median_s']} s at the median"),
        ((score["sent_max_s"] or 0) <= longest, f"was told late, {score['sent_max_s']} s at the longest"),
        ((score["noise_ratio"] or 0) <= noise, f"noise {score['noise_ratio']}, allowed {noise}"),
        (
            bool(notice.get("heard")) and notice["heard_end"] <= heard,
            f"the recording notice was not heard within {heard} s",
        ),
        (reader == "orca" or score["bells"] <= bells, f"{score['bells']} BEL, allowed {bells}"),
    ]
    return [f"{reader}: {words}" for held, words in checks if not held]


def idle_bytes(view):
    """What the client writes in a minute of a meeting that is being recorded, acknowledged, in which nothing happens."""
    folder = tempfile.mkdtemp(prefix="heard-")
    meeting = Meeting(folder, os.path.join(folder, "marks"))
    client = meeting.client(view)
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(HOME=folder, TERM="xterm-256color")
        for name in [name for name in os.environ if name.startswith("XDG_")]:
            del os.environ[name]
        os.execv(client[0], client)
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        meeting.wait_for_client(lambda: read_for(terminal, 0) is not None)
        read_for(terminal, SETTLED)
        meeting.notice("recording", True, "Carol")
        read_for(terminal, 1)
        os.write(terminal, b"/ack\r")
        read_for(terminal, SETTLED)
        return len(read_for(terminal, IDLE))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
        meeting.close()
        shutil.rmtree(folder, ignore_errors=True)


def read_for(terminal, length):
    read, end = b"", time.monotonic() + length
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            return read
        read += os.read(terminal, 65536)


def missing(wanted):
    have = spoken.readers()
    lacking = [reader for reader in wanted if not have.get(reader)]
    if "brltty" in wanted:
        try:
            __import__("pyte")
        except ImportError:
            lacking.append("the Python package pyte, for brltty")
    return lacking


def main():
    known = [*REQUIRED, "full-screen", "idle"]
    chosen = sys.argv[1:] or known
    for name in chosen:
        if name not in known:
            print(f"There is no {name}. Choose among {', '.join(known)}.", file=sys.stderr)
            return 2
    readers = [name for name in chosen if name in REQUIRED]
    lacking = missing(readers + ["tdsr"] * ("full-screen" in chosen))
    if lacking:
        print(f"Not installed: {', '.join(sorted(set(lacking)))}.", file=sys.stderr)
        print("The rig's notes tell how; or name the readers to run as arguments.", file=sys.stderr)
        return 2
    logs = os.environ.get("HEARD_LOGS") or tempfile.mkdtemp(prefix="heard-logs-")
    os.makedirs(logs, exist_ok=True)
    with open(os.path.join(RIG, "events.json")) as file:
        events = sorted(json.load(file), key=lambda event: event["at"])
    wrong = []
    print("| reader | spoken | heard | to synthesizer, median/longest s | words (repeat graphic other) | noise | recording notice | BEL |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in [name for name in chosen if name != "idle"]:
        view, reader = ("--full-screen", "tdsr") if name == "full-screen" else ("--screen-reader", name)
        try:
            heard = listen(reader, view, events, os.path.join(logs, name + ".jsonl"))
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"| {name} | could not be run: {error} | | | | | | |", flush=True)
            wrong.append(f"{name}: could not be run, see {logs}")
            continue
        score = spoken.score(heard, expected(events, view))
        print(row(name, reader, score), flush=True)
        if name in REQUIRED:
            wrong += failures(name, score, events)
        # A letter that is typed within the 5 ms in which a reader collects words is read into the last one.
        elif score["spoken"] < score["expected"] - 1:
            silent = [item["id"] for item in score["items"] if not item["spoken"]]
            wrong.append(f"full-screen under {reader}: not spoken as words: {', '.join(silent)}")
    if "idle" in chosen:
        for view in ("--screen-reader", "--full-screen"):
            written = idle_bytes(view)
            print(f"{view}: {written} bytes in {IDLE} s without anything to say", flush=True)
            if written:
                wrong.append(f"{view}: wrote {written} bytes while idle")
    print("\n".join(["", *wrong]) if wrong else "\nEverything is as required.")
    print(f"Logs: {logs}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
