"""Two people at two terminals."""

import os
import signal
import stat
import subprocess
import time

import pytest
from stage import Terminal, binary, until

PAGE_UP, PAGE_DOWN = "\x1b[5~", "\x1b[6~"


def test_two_people_chat_live(house, person):
    ann, ben = person("ann", "--open", "duo"), person("ben", "--open", "duo")
    for terminal in (ann, ben):
        terminal.sees("connected")
        terminal.enter("/open duo")
        terminal.sees(" duo")
    ann.enter("hello \u4f60\u597d \U0001f389")
    ben.sees("ann: hello")
    ann.sees("\u2713\u2713 read")
    number = next(line for line in ben.lines() if "ann: hello" in line).split("#")[1].split(" ")[0]
    ben.enter(f"/reply {number} hi ann")
    ann.sees("ben: hi ann")
    ben.enter(f"/react {number} \U0001f44d")
    ann.sees("\U0001f44d")
    ann.enter("typo")
    ben.sees("ann: typo")
    ann.enter("/edit type")
    ben.sees("ann: type (edited)")
    ann.enter("/recall")
    ben.sees("(taken back)")
    ann.enter(f"/who {number}")
    ann.sees(f"#{number} has been read by: ben")
    ann.enter("/members")
    ann.sees("Members: ann (owner), ben")
    assert house.texts("ann", house.conversation("ann", "duo")) == ["hello \u4f60\u597d \U0001f389", "hi ann"]


def test_unread_counts_and_a_message_of_another_conversation(house, person):
    team = house.conversation("ann", "team")
    ann = person("ann")
    ann.sees("connected")
    ann.enter("/open duo")
    for index in range(3):
        house.say("ben", team, f"c{index}", f"news {index}")
    until("three unread", lambda: any("team" in line and " 3 " in line[:24] for line in ann.lines()))
    ann.type("\x1b[1;3B")
    ann.sees("ben: news 2")
    until("none unread", lambda: not any("team" in line and " 3 " in line[:24] for line in ann.lines()))
    until("told to the server", lambda: next(
        row["unread"] for row in house.ask("ann", {"type": "sync", "epoch": "", "token": "", "positions": {}})["conversations"]
        if row["conversation"] == team) == 0)  # fmt: skip


def test_scroll_back_fetches_history_and_jumps_over_nothing(house, person):
    duo = house.conversation("ann", "duo")
    for index in range(1, 181):
        house.say("ben", duo, f"c{index}", f"line {index:03}.")
    ann = person("ann", rows=20)
    ann.sees("connected")
    ann.enter("/open duo")
    ann.sees("line 180.")
    seen = set()
    for _ in range(60):
        seen |= {number for number in range(1, 181) for line in ann.lines() if f"line {number:03}." in line}
        if 1 in seen:
            break
        before = ann.lines()
        ann.type(PAGE_UP)
        until("the screen moves", lambda: ann.lines() != before)
        time.sleep(0.05)
    assert seen == set(range(1, 181))
    house.say("ben", duo, "late", "while she reads")
    ann.sees("Page Down: 1 new")
    assert not ann.shows("while she reads")
    for _ in range(60):
        ann.type(PAGE_DOWN)
    ann.sees("while she reads")


def test_completion_history_and_editing(house, person):
    ann = person("ann", "--open", "duo")
    ann.sees("connected")
    ann.type("/op\t")
    ann.sees("> /open")
    ann.type("te\t\r")
    ann.sees(" team")
    ann.type("/dm car\t")
    ann.sees("> /dm carl")
    ann.type("\x15first wrod\x1b[D\x1b[D\x7f\x1b[C\r")
    ann.sees("ann: first wod")
    ann.type("\x1b[A")
    ann.sees("> first wod")
    ann.type("\x15\x1b[200~two\rlines\x1b[201~")
    time.sleep(0.2)
    assert not ann.shows("ann: two"), "a pasted line break sends nothing"
    ann.type("\r")
    ann.sees("ann: two")
    ann.sees("      lines")


def test_a_server_killed_in_the_middle_loses_and_doubles_nothing(house, person):
    duo = house.conversation("ann", "duo")
    ann, ben = person("ann"), person("ben")
    for terminal in (ann, ben):
        terminal.sees("connected")
        terminal.enter("/open duo")
    ann.enter("before")
    ben.sees("ann: before")
    house.kill()
    for terminal, name in ((ann, "ann"), (ben, "ben")):
        terminal.sees("OFFLINE")
        for index in range(5):
            terminal.enter(f"{name} offline {index}")
        terminal.sees("5 waiting")
    house.start()
    for terminal in (ann, ben):
        terminal.enter("/retry")
        terminal.sees("connected")
    expected = sorted([f"{name} offline {index}" for name in ("ann", "ben") for index in range(5)])
    until("all are stored", lambda: len(house.texts("ann", duo)) >= 11)
    texts = house.texts("ann", duo)
    assert texts[0] == "before" and sorted(texts[1:]) == expected
    for name in ("ann", "ben"):
        assert [text for text in texts if text.startswith(name)] == [f"{name} offline {index}" for index in range(5)], "in order"
    for terminal in (ann, ben):
        for text in expected:
            terminal.sees(f": {text}")
        until("nothing waits", lambda: not any("\u2026" in line for line in terminal.lines()))
        for text in expected:
            assert sum(text in line for line in terminal.lines()) == 1, text


def test_what_others_write_does_nothing_to_the_terminal(house, person):
    duo = house.conversation("ann", "duo")
    ann = person("ann")
    ann.sees("connected")
    ann.enter("/open duo")
    evil = "look\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b5n\x1bP+q\x1b\\ \u202egnp.exe\x08\x08 end"
    assert house.say("ben", duo, "evil", evil)["type"] == "ack"
    ann.sees("end")
    raw = bytes(ann.raw)
    for code in (b"\x1b]", b"\x1bP", b"\x1b[31mred", b"\xc2\x9b", "\u202e".encode(), b"\x08"):
        assert code not in raw, code
    ann.sees("\u241b]0;owned\u2407")
    assert ann.screen.title == ""


@pytest.mark.parametrize("how", ["quit", "control-c", "term", "hangup", "abort"])
def test_the_terminal_is_as_it_was_whatever_the_end(house, person, how):
    ann = person("ann")
    ann.sees("connected")
    assert ann.is_raw()
    match how:
        case "quit":
            ann.enter("/quit")
        case "control-c":
            ann.type("\x03")
        case "term":
            ann.pty.kill(signal.SIGTERM)
        case "hangup":
            ann.pty.kill(signal.SIGHUP)
        case "abort":
            ann.pty.kill(signal.SIGABRT)
    status = ann.wait()
    assert (status < 0) == (how == "abort")
    assert not ann.is_raw()
    until("the other screen is left", lambda: b"\x1b[?1049l" in bytes(ann.raw))
    assert b"\x1b[?2004l" in bytes(ann.raw) and bytes(ann.raw).rfind(b"\x1b[?25h") > bytes(ann.raw).rfind(b"\x1b[?25l")


def test_a_new_size_is_drawn_at_once(house, person):
    ann = person("ann")
    ann.sees("connected")
    ann.enter("/open team")
    for rows, columns in ((40, 140), (10, 40), (24, 80)):
        ann.resize(rows, columns)
        until("the input line is the last", lambda: ann.lines()[-1].startswith(">"))
        ann.sees("team")


def test_a_person_registers_and_comes_back_without_a_password(house, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    first = Terminal(house, "chat", house.url, home=home)
    try:
        first.sees("Name:")
        first.enter("Dora")
        first.sees("Password:")
        first.enter("a long secret")
        first.sees("(y/n)")
        first.enter("y")
        first.sees("again:")
        first.enter("a long secret")
        first.sees("connected")
        assert b"a long secret" not in bytes(first.raw)
        first.enter("/dm ann")
        first.sees("ann")
        first.enter("/quit")
        assert first.wait() == 0
        kept = [path for path in home.rglob("*") if path.is_file()]
        assert kept and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept)
        assert not any(b"a long secret" in path.read_bytes() for path in kept)
        for _ in range(2):
            again = Terminal(house, "chat", house.url, home=home)
            again.sees("Dora at")
            again.sees("connected")
            again.enter("/quit")
            assert again.wait() == 0
    finally:
        first.close()


def chat(house, user, *arguments, stdin="", **options):
    token = str(house.folder / f"{user}.token")
    return house.run("chat", house.url, "--token-file", token, *arguments, stdin=stdin, **options)


def test_a_pipe_sends_lines_and_a_listener_gets_each_once(house):
    duo = house.conversation("ann", "duo")
    environment = {**os.environ, "HOME": str(house.folder), "TZ": "UTC"}
    listener = subprocess.Popen(
        [binary(), "chat", house.url, "--plain", "--follow", "--token-file", str(house.folder / "ben.token")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        house.say("carl", house.conversation("carl", "team"), "warm", "warm up")
        # What comes before it listens is history: it says something once it is there.
        token = house.tokens["ben"]
        until("the listener is there", lambda: house.call("/v1/request", {
            "id": 1, "type": "presence", "conversation": duo}, token).get("online", 0) >= 1)  # fmt: skip
        lines = [f"message {index}" for index in range(40)] + ["/leave", "// a slash", "tab\there", "\u4f60\u597d"]
        done = chat(house, "ann", "--plain", "--open", "duo", stdin="\n".join(lines) + "\n")
        assert done.returncode == 0, done.stderr
        expected = lines
        assert house.texts("ann", duo) == expected, "and no line of a program is a command"
        assert sum(": message 7" in line for line in done.stdout.splitlines()) == 1
        got = []
        for line in listener.stdout:
            if line.startswith("[duo]"):
                got.append(line.split(" ann: ", 1)[1].rstrip("\n"))
            if len(got) == len(expected):
                break
        assert got == [line.replace("\t", "    ") for line in expected]
    finally:
        listener.terminate()
        assert listener.wait(10) == 0


def test_a_pipe_with_commands_does_what_they_say(house):
    lines = ["/dm carl", "hi carl", "/group \"The plan\" ben", "hi ben", "/title Plan B", "// a slash", "/list"]
    done = chat(house, "ann", "--plain", "--commands", stdin="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    until("all of it is there", lambda: house.texts("ben", house.conversation("ben", "Plan B")) == ["hi ben", "/ a slash"])
    direct = next(row for row in house.ask("carl", {"type": "sync", "epoch": "", "token": "", "positions": {}})["conversations"]
                  if row.get("peer") == "ann")  # fmt: skip
    assert house.texts("carl", direct["conversation"]) == ["hi carl"]


def test_a_pipe_keeps_what_it_could_not_send_and_sends_it_once(house):
    duo = house.conversation("ann", "duo")
    home = house.folder
    # The login is known; the list of conversations has been seen; then the server goes in the middle.
    environment = {**os.environ, "HOME": str(home), "TZ": "UTC"}
    pipe = subprocess.Popen(
        [binary(), "chat", house.url, "--plain", "--wait", "1", "--open", "duo", "--token-file", str(home / "ann.token")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    pipe.stdin.write("one\n")
    pipe.stdin.flush()
    until("the first is stored", lambda: house.texts("ann", duo) == ["one"])
    house.kill()
    out, err = pipe.communicate("two\nthree\n", timeout=20)
    assert pipe.returncode == 1 and "2 not sent yet" in err, (out, err)
    house.start()
    for _ in range(2):
        done = chat(house, "ann", "--plain", "--open", "duo")
        assert done.returncode == 0, done.stderr
        assert house.texts("ann", duo) == ["one", "two", "three"]


def test_a_pipe_that_finds_no_connection_says_so_by_its_exit_status(house, tmp_path):
    (tmp_path / "word").write_text("a long secret\n")
    sam = ["--plain", "--name", "Sam", "--password-file", str(tmp_path / "word")]
    done = house.run("chat", house.url, *sam, "--register", "--commands", stdin='/group "Trip" ann\nhello\n')
    assert done.returncode == 0, done.stderr
    # The log-in is known, nobody answers: the server hangs, then it is gone.
    os.kill(house.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    done = house.run("chat", house.url, *sam, "--open", "Trip", "--wait", "2", stdin="one\n")
    assert time.monotonic() - began < 15
    assert done.returncode == 1 and "1 lines were not entered" in done.stderr, (done.stdout, done.stderr)
    house.kill()
    done = house.run("chat", house.url, *sam, "--open", "Trip", "--wait", "1", stdin="two\n")
    assert done.returncode == 1 and "1 lines were not entered, and are not kept" in done.stderr, (done.stdout, done.stderr)
    assert "waits here" not in done.stdout


def test_a_line_that_is_refused_here_is_told_by_the_exit_status(house):
    for lines, text in (("x" * 9_000, "at most 8000 characters"), ("/nothing", "There is no /nothing"), ("/dm nobody", "There is nobody"),
                        ("/open nothing", "There is no conversation")):  # fmt: skip
        done = chat(house, "ann", "--plain", "--commands", stdin=f"/open duo\n{lines}\nfine\n")
        assert done.returncode == 1 and text in done.stdout, (lines, done.stdout, done.stderr)
    assert house.texts("ann", house.conversation("ann", "duo")) == ["fine"] * 4, "what follows goes on"


def test_a_server_without_tls_is_told_of_in_a_sentence(house):
    secure = house.url.replace("http://", "https://")
    token = str(house.folder / "ann.token")
    done = house.run("chat", secure, "--token-file", token, "--open", "duo", stdin="x\n")
    assert done.returncode == 1 and "does not speak TLS" in done.stderr and "BoringSSL" not in done.stderr, done.stderr
    done = house.run("conformance", secure)
    assert done.returncode == 2 and "does not speak TLS" in done.stderr and done.stdout == "", (done.stdout, done.stderr)
    for url in (house.url, secure):
        done = house.run("chat", url, "--ca", "/nope", "--token-file", token, "--open", "duo", stdin="x\n")
        assert done.returncode != 0 and ("--ca goes with" if url == house.url else "Cannot read /nope") in done.stderr, done.stderr


def test_secrets_and_mistakes_are_answered_with_a_sentence(house, tmp_path):
    (tmp_path / "bad").write_text("pl1.nonsense\n")
    (tmp_path / "word").write_text("not the password\n")
    for arguments, text in (
        (["--token-file", str(tmp_path / "bad")], "does not take the token"),
        (["--name", "ann", "--password-file", str(tmp_path / "word")], "password"),
        (["--token-file", str(tmp_path / "missing")], "Cannot read"),
        (["--token-file", str(house.folder / "ann.token"), "--follow", "--open", "nothing"], ""),
    ):
        done = house.run("chat", house.url, "--plain", *["--open", "duo"] * ("--open" not in arguments), *arguments, stdin="x\n")
        assert done.returncode != 0 and text in done.stderr and "nonsense" not in done.stderr, done.stderr
    done = house.run("chat", house.url, "--token-file", str(house.folder / "ann.token"), stdin="x\n")
    assert done.returncode == 1 and "--open" in done.stderr
    team = house.conversation("ann", "team")
    change = {"type": "change", "conversation": team, "client_id": "r", "rules": {"send": "administrators"}}
    assert house.ask("ann", change)["type"] == "ack"
    done = house.run("chat", house.url, "--token-file", str(house.folder / "carl.token"), "--open", "team", stdin="x\n")
    assert done.returncode == 1 and "refused" in done.stdout, "a line that is refused is not passed over"
    house.admin("disable", "ben")
    done = house.run("chat", house.url, "--token-file", str(house.folder / "ben.token"), "--open", "duo", stdin="x\n")
    assert done.returncode == 1
    done = house.run("chat", "ftp://example.org", stdin="")
    assert done.returncode != 0 and "is no address of a server" in done.stderr
    done = house.run("chat", "--help")
    assert done.returncode == 0 and "parley chat" in done.stdout
