"""An operator at the command line, beside a running server and without one."""

import json
import signal
import socket
import sqlite3
import stat
import subprocess

from stage import Terminal, binary, until


def test_users_are_listed_searched_and_shut_out(house, person):
    for name in ("Mallory", "Maria", "Zoe"):
        assert house.call("/v1/register", {"name": name, "password": "long enough"})["type"] == "grant"
    rows = house.admin("users")["rows"]
    assert [row["name"] for row in rows] == ["ann", "ben", "carl", "Mallory", "Maria", "Zoe"]
    page = house.admin("users", "--search", "ma", "--limit", "1")["rows"]
    assert [row["name"] for row in page] == ["Mallory"]
    page = house.admin("users", "--search", "ma", "--after", "Mallory")["rows"]
    assert [(row["name"], row["password"], row["disabled"], row["sessions"]) for row in page] == [("Maria", True, False, 1)]

    grant = house.call("/v1/login", {"name": "mallory", "password": "long enough", "device": "phone"})
    assert [row["device"] for row in house.admin("sessions", "MALLORY")["rows"]] == ["phone", ""]
    assert house.call("/v1/me", token=grant["access_token"])["status"] == 200
    assert house.admin("disable", "mallory")["sessions_ended"] == 2
    assert house.call("/v1/me", token=grant["access_token"])["status"] == 401
    assert house.call("/v1/refresh", {"refresh_token": grant["refresh_token"]})["status"] == 401
    refused = house.call("/v1/login", {"name": "Mallory", "password": "long enough"})
    assert refused["code"] == 40105, "as for a wrong password: nothing is told"
    assert house.admin("disable", "mallory")["sessions_ended"] == 0
    assert house.admin("users", "--search", "mal")["rows"][0]["disabled"] is True
    house.admin("enable", "mallory")
    assert house.call("/v1/login", {"name": "Mallory", "password": "long enough"})["type"] == "grant"


def test_a_disabled_users_terminal_is_logged_out(house, person):
    ann = person("ann")
    ann.sees("connected")
    house.admin("disable", "ann")
    assert ann.wait() == 1
    assert not ann.is_raw()
    ann.sees("Logged out")


def test_a_new_password_ends_sessions_and_stands_in_no_command_line(house, tmp_path):
    assert house.call("/v1/register", {"name": "Maria", "password": "the old one"})["type"] == "grant"
    (tmp_path / "password").write_text("the new one\n")
    answer = house.admin("password", "Maria", "--password-file", str(tmp_path / "password"))
    assert answer["sessions_ended"] == 1 and "new one" not in json.dumps(answer)
    assert house.call("/v1/login", {"name": "Maria", "password": "the old one"})["code"] == 40105
    assert house.call("/v1/login", {"name": "Maria", "password": "the new one"})["type"] == "grant"
    (tmp_path / "password").write_text("short\n")
    assert "8 characters" in house.admin("password", "Maria", "--password-file", str(tmp_path / "password"), fails=True)
    # At a terminal it is asked for, and not shown.
    terminal = Terminal(house, "admin", "password", "--data", str(house.data), "Maria")
    terminal.sees("The new password of Maria:")
    terminal.enter("a third one")
    assert terminal.wait() == 0
    assert b"a third one" not in bytes(terminal.raw)
    assert house.call("/v1/login", {"name": "Maria", "password": "a third one"})["type"] == "grant"
    assert house.admin("log-out", "Maria")["sessions_ended"] == 1


def test_acts_on_a_group_are_decided_as_the_owners_and_marked_as_the_operators(house, person):
    team = house.conversation("ann", "team")
    ben = person("ben", "--open", "team")
    ben.sees("connected")
    rows = house.admin("groups")["rows"]
    assert {(row["title"], row["members"]) for row in rows} == {("team", 3), ("duo", 2)}
    members = house.admin("members", "team")["rows"]
    assert [(row["name"], row["role"]) for row in members] == [("ann", "owner"), ("ben", "member"), ("carl", "member")]

    house.admin("transfer", "team", "ben")
    ben.sees("made ben the owner")
    roles = {row["name"]: row["role"] for row in house.admin("members", "team")["rows"]}
    assert roles == {"ann": "administrator", "ben": "owner", "carl": "member"}
    assert "40002" not in house.admin("transfer", team, "nobody", fails=True)
    assert "at least the members" in house.admin("cap", "team", "2", fails=True)
    house.admin("cap", "team", "3")
    house.call("/v1/register", {"name": "Zoe", "password": "long enough"})
    zoe = house.admin("users", "--search", "zoe")["rows"][0]["user"]
    add = {"type": "add", "conversation": team, "client_id": "a1", "users": [zoe]}
    assert house.ask("ben", add)["name"] == "group_full"
    house.admin("dissolve", "team")
    assert house.say("ben", team, "late", "too late")["name"] == "dissolved"

    audit = house.admin("audit", "team")["rows"]
    assert [(row["kind"], row["user"], row["operator"]) for row in audit] == [
        ("dissolved", "ben", True), ("changed", "ben", True), ("transferred", "ann", True), ("created", "ann", False),
    ]  # fmt: skip
    assert house.ask("ben", {"type": "audit", "conversation": team, "limit": 3})["entries"][0]["client_id"].startswith("operator:")
    forged = {"type": "change", "conversation": house.conversation("ann", "duo"), "client_id": "operator:x", "title": "mine"}
    refused = house.ask("ann", forged)
    assert (refused["status"], refused["field"]) == (400, "client_id")


def test_reports_are_read_and_resolved(house):
    team = house.conversation("ann", "team")
    house.say("ben", team, "bad", "buy \x1b[31mthis\x1b[0m")
    sequence = house.ask("ann", {"type": "history", "conversation": team, "limit": 1})["entries"][0]["sequence"]
    for user in ("ann", "carl"):
        report = {"type": "report", "conversation": team, "sequence": sequence, "reason": "spam"}
        assert house.ask(user, report)["type"] == "ok"
    rows = house.admin("reports")["rows"]
    assert [(row["reporter"], row["sender"], row["reason"], row["sequence"]) for row in rows] == [
        ("carl", "ben", "spam", sequence), ("ann", "ben", "spam", sequence)]  # fmt: skip
    table = house.run("admin", "reports", "--data", str(house.data)).stdout
    assert "\x1b" not in table and "spam" in table and "buy" in table
    assert house.admin("resolve", "team", str(sequence))["reports"] == 2
    assert house.admin("reports")["rows"] == []


def test_figures_and_the_same_without_a_server(house, person):
    ann = person("ann")
    ann.sees("connected")
    stats = house.admin("stats", "--seconds", "1")
    assert (stats["users"], stats["conversations"], stats["running"], stats["storing"]) == (3, 2, True, True)
    assert stats["connections"] == 1 and stats["messages_per_second"] == 0
    assert stat.S_IMODE((house.data / "parley.sock").stat().st_mode) == 0o600
    house.kill()
    stats = house.admin("stats")
    assert stats["running"] is False and stats["users"] == 3
    house.admin("disable", "carl")
    assert "while the server runs" in house.admin("dissolve", "team", fails=True)
    house.start()
    assert house.call("/v1/me", token=house.tokens["carl"])["status"] == 401
    until("Ann is back", lambda: ann.shows("connected"))


def test_mistakes_are_answered_with_a_sentence(house):
    assert "There is no user" in house.admin("disable", "nobody", fails=True)
    assert "There is no group" in house.admin("audit", "nothing", fails=True)
    assert "1 to 1000" in house.admin("users", "--limit", "5000", fails=True)
    assert house.run("admin", "--help").returncode == 0
    for command in ("users", "disable", "transfer", "stats"):
        assert "Example: parley admin" in house.run("admin", command, "--help").stdout


def test_a_text_that_means_two_users_is_not_acted_on(house):
    grant = house.call("/v1/register", {"name": "Vera", "password": "long enough"})
    vera = grant["user"]
    for name in (vera, vera.upper(), "x:vera", "XH:vera", "irc:vera"):
        refused = house.call("/v1/register", {"name": name, "password": "long enough"})
        assert (refused["status"], refused["field"]) == (400, "name"), name
    # From before that rule: Mallory is called what Vera's id is. And one whom another application vouches for.
    mallory = house.call("/v1/register", {"name": "Mallory", "password": "long enough"})["user"]
    house.kill()
    with sqlite3.connect(house.data / "parley.sqlite") as database:
        database.execute("UPDATE users SET name = ?1, folded_name = ?1 WHERE id = ?2", (vera, mallory))
        database.execute("INSERT INTO users (id, name, folded_name, created) VALUES ('x:eve', 'Eve', 'eve', 1)")
    house.start()
    for command in (["disable", vera], ["log-out", vera], ["sessions", vera], ["transfer", "team", vera]):
        complaint = house.admin(*command, fails=True)
        assert vera in complaint and mallory in complaint and '"Vera"' in complaint, complaint
    assert house.admin("disable", mallory)["user"] == mallory
    assert house.admin("disable", "vera")["user"] == vera
    (house.folder / "password").write_text("long enough too\n")
    complaint = house.admin("password", "Eve", "--password-file", str(house.folder / "password"), fails=True)
    assert "another application" in complaint


def test_the_end_waits_for_no_operator(house):
    silent = []
    for said in (b"", b"admin stats", b"admin stats\nseconds 5\n"):
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(house.data / "parley.sock"))
        line.send(said)
        silent.append(line)
    silent[2].shutdown(socket.SHUT_WR)
    assert house.admin("stats")["running"] is True
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(12) == 0
    for line in silent:
        line.close()


def test_what_only_looks_makes_nothing_and_takes_nothing_over(house, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for command in (["check"], ["admin", "users"], ["admin", "stats"], ["admin", "disable"]):
        for folder in (empty, tmp_path / "none"):
            done = house.run(*command, "--data", str(folder), *["ann"] * ("disable" in command))
            assert done.returncode == 1 and "There is no Parley database" in done.stderr, done.stderr
    assert list(empty.iterdir()) == [] and not (tmp_path / "none").exists()
    done = house.run("import", "irc", "--data", str(tmp_path / "none"), "--owner", "Zed", str(tmp_path / "2005-02-08.raw.txt"))
    assert done.returncode == 1 and "Cannot read" in done.stderr and not (tmp_path / "none").exists()
    with sqlite3.connect(empty / "parley.sqlite") as database:
        database.execute("CREATE TABLE foo (a)")
    before = (empty / "parley.sqlite").read_bytes()
    for command in (["check"], ["admin", "users"], ["serve", "--listen", "127.0.0.1:0"]):
        done = house.run(*command, "--data", str(empty))
        assert done.returncode == 1 and "another program" in done.stderr, done.stderr
    assert (empty / "parley.sqlite").read_bytes() == before


def test_an_answer_that_cannot_be_written_is_no_success(house):
    for command in (["check", "--data", str(house.data)], ["admin", "users", "--data", str(house.data)],
                    ["admin", "stats", "--json", "--data", str(house.data)], ["schema", "openapi"], ["errors"]):  # fmt: skip
        with open("/dev/full", "w") as full:
            done = subprocess.run([binary(), *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 1 and "Standard output" in done.stderr, command


def test_a_folder_that_others_can_enter_is_said_to_be(house):
    house.kill()
    assert "can enter" not in (house.folder / "server.log").read_text()
    house.data.chmod(0o755)
    house.start()
    assert "can enter the data folder" in (house.folder / "server.log").read_text()
    house.data.chmod(0o700)
