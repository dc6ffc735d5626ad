"""The one table of rights: every request and every HTTP route, and what each standing is answered. Written from docs/PROTOCOL.md.

A row of `REQUESTS` is: name[@case], the nine standings in the order of `STANDINGS`, what a granted request is answered with,
the kind of group it is tried in, and `makes` where granting it changes the group (then every grant gets a group of its own).

    N 40300 not_member    F 40301 forbidden    M 40303 muted    B 40304 banned    D 40306 dissolved
    X 40402 no_message    L 40403 bad_link     R 40907 receipts_off    ok granted

Those without a standing of their own are the same in every row (`ALWAYS`): without a log-in, with a token that expired, with a
device that was logged out while its socket was open.
"""

from __future__ import annotations

from dataclasses import dataclass

STANDINGS = ("outsider", "ex", "banned", "invited", "requested", "muted", "member", "administrator", "owner")
ALWAYS = {"anonymous": {40100}, "expired": {40101}, "revoked": {40101, 40104}}
ASKERS = (*ALWAYS, *STANDINGS)

CODES = {"N": 40300, "F": 40301, "M": 40303, "B": 40304, "D": 40306, "X": 40402, "L": 40403, "R": 40907}

REQUESTS = """
#                        out ex  ban inv req mut mem adm own  answer          group
send                     N   N   N   N   N   M   ok  ok  ok   ack             hall       makes
send@everybody           N   N   N   N   N   M   F   ok  ok   ack             hall       makes
send@administrators      N   N   N   N   N   M   F   ok  ok   ack             quiet      makes
send@dissolved           N   N   N   N   N   D   D   D   D    ack             dissolved  makes
send@direct              N   N   N   N   N   N   N   N   ok   ack             hall
edit                     N   N   N   N   N   M   ok  ok  ok   ack             hall       makes
edit@theirs              N   N   N   N   N   F   F   F   F    ack             hall       makes
recall                   N   N   N   N   N   ok  ok  ok  ok   ack             hall       makes
recall@theirs            N   N   N   N   N   F   F   ok  ok   ack             hall       makes
react                    N   N   N   N   N   M   ok  ok  ok   ack             hall       makes
pin                      N   N   N   N   N   F   F   ok  ok   ack             hall       makes
forward@from             N   N   N   N   N   ok  ok  ok  ok   ack             hall
forward@into             N   N   N   N   N   M   ok  ok  ok   ack             hall       makes
history                  N   N   N   N   N   ok  ok  ok  ok   page            hall
history@before           N   N   N   N   N   ok  ok  ok  ok   page            hall
history@dissolved        N   N   N   N   N   ok  ok  ok  ok   page            dissolved
history@direct           N   N   N   N   N   N   N   N   ok   page            hall
thread                   N   N   N   N   N   ok  ok  ok  ok   page            hall
revisions                N   N   N   N   N   ok  ok  ok  ok   page            hall
reactions                N   N   N   N   N   ok  ok  ok  ok   reactions       hall
pins                     N   N   N   N   N   ok  ok  ok  ok   page            hall
mentions                 N   N   N   N   N   ok  ok  ok  ok   page            hall
audit                    N   N   N   N   N   F   F   ok  ok   page            hall
sync                     ok  ok  ok  ok  ok  ok  ok  ok  ok   synced          hall
read                     N   N   N   N   N   ok  ok  ok  ok   ok              hall
create                   ok  ok  ok  ok  ok  ok  ok  ok  ok   created         hall
create@direct            ok  ok  ok  ok  ok  ok  ok  ok  ok   created         hall
change                   N   N   N   N   N   F   F   ok  ok   ack             hall       makes
change@direct            N   N   N   N   N   N   N   N   F    ack             hall
change@dissolved         N   N   N   N   N   D   D   D   D    ack             dissolved
add                      N   N   N   N   N   F   F   ok  ok   ack             hall       makes
add@open                 N   N   N   N   N   ok  ok  ok  ok   ack             open       makes
add@requested            N   N   N   N   N   F   F   ok  ok   ack             open       makes
add@direct               N   N   N   N   N   N   N   N   F    ack             hall
invite                   N   N   N   N   N   F   F   ok  ok   ack             hall       makes
invite@open              N   N   N   N   N   ok  ok  ok  ok   ack             open       makes
join                     N   N   B   ok  N   F   F   F   F    ack             hall       makes
join@link                ok  ok  B   ok  ok  F   F   F   F    ack             hall       makes
join@approval            ok  ok  B   ok  F   F   F   F   F    ack             approval   makes
join@closed              L   L   B   ok  L   F   F   F   F    ack             closed     makes
join@wrong               L   L   L   L   L   L   L   L   L    ack             hall
decline                  N   N   N   ok  ok  F   F   F   F    ack             hall       makes
decline@other            N   N   N   N   ok  F   F   ok  ok   ack             hall       makes
remove                   N   N   N   N   N   F   F   ok  ok   ack             hall       makes
remove@administrator     N   N   N   N   N   F   F   F   ok   ack             hall       makes
remove@owner             N   N   N   N   N   F   F   F   -    ack             hall       makes
ban                      N   N   N   N   N   F   F   ok  ok   ack             hall       makes
ban@stranger             N   N   N   N   N   F   F   ok  ok   ack             hall       makes
ban@administrator        N   N   N   N   N   F   F   F   ok   ack             hall       makes
ban@owner                N   N   N   N   N   F   F   F   -    ack             hall       makes
unban                    N   N   N   N   N   F   F   ok  ok   ack             hall       makes
leave                    N   N   N   N   N   ok  ok  ok  F    ack             hall       makes
leave@dissolved          N   N   N   N   N   ok  ok  ok  ok   ack             dissolved  makes
leave@direct             N   N   N   N   N   N   N   N   F    ack             hall
role                     N   N   N   N   N   F   F   F   ok   ack             hall       makes
transfer                 N   N   N   N   N   F   F   F   ok   ack             hall       makes
mute                     N   N   N   N   N   F   F   ok  ok   ack             hall       makes
mute@administrator       N   N   N   N   N   F   F   F   ok   ack             hall       makes
link                     N   N   N   N   N   F   F   ok  ok   ack             hall       makes
link@open                N   N   N   N   N   ok  ok  ok  ok   ack             open       makes
unlink                   N   N   N   N   N   L   L   ok  ok   ack             hall       makes
links                    N   N   N   N   N   ok  ok  ok  ok   links           hall
link_info                ok  ok  ok  ok  ok  ok  ok  ok  ok   link_info       lobby
link_info@wrong          L   L   L   L   L   L   L   L   L    link_info       lobby
dissolve                 N   N   N   N   N   F   F   F   ok   ack             hall       makes
members                  N   N   N   N   N   ok  ok  ok  ok   members         hall
members@banned           N   N   N   N   N   F   F   ok  ok   members         hall
members@invited          N   N   N   N   N   F   F   ok  ok   members         hall
members@requested        N   N   N   N   N   F   F   ok  ok   members         hall
users                    ok  ok  ok  ok  ok  ok  ok  ok  ok   users           hall
receipts                 N   N   N   N   N   ok  ok  ok  ok   receipts        hall
receipts@off             N   N   N   N   N   R   R   R   R    receipts        unread
readers                  N   N   N   N   N   ok  ok  ok  ok   readers         hall
readers@theirs           N   N   N   N   N   X   X   X   X    readers         hall
readers@off              N   N   N   N   N   R   R   R   R    readers         unread
receipt_record           N   N   N   N   N   ok  ok  ok  ok   receipt_record  hall
receipt_record@theirs    N   N   N   N   N   X   X   X   X    receipt_record  hall
notify                   N   N   N   N   N   ok  ok  ok  ok   ok              hall
preferences              ok  ok  ok  ok  ok  ok  ok  ok  ok   ok              hall
block                    ok  ok  ok  ok  ok  ok  ok  ok  ok   ok              hall
blocks                   ok  ok  ok  ok  ok  ok  ok  ok  ok   blocks          hall
report                   N   N   N   N   N   ok  ok  ok  ok   ok              hall
reports                  N   N   N   N   N   F   F   ok  ok   reports         hall
resolve                  N   N   N   N   N   F   F   ok  ok   ok              hall
data@set                 N   N   N   N   N   ok  ok  ok  ok   ok              hall
data                     N   N   N   N   N   ok  ok  ok  ok   data            hall
data@account             ok  ok  ok  ok  ok  ok  ok  ok  ok   data            hall
typing                   N   N   N   N   N   M   ok  ok  ok   ok              hall
presence                 ok  ok  ok  ok  ok  ok  ok  ok  ok   presence        hall
presence@conversation    N   N   N   N   N   ok  ok  ok  ok   presence        hall
presence@watch           ok  ok  ok  ok  ok  ok  ok  ok  ok   presence        hall
follow                   N   N   N   N   N   ok  ok  ok  ok   ok              hall
ping                     ok  ok  ok  ok  ok  ok  ok  ok  ok   pong            hall
"""

SOCKET_ONLY = ("follow", "typing", "presence@watch")
"""What `POST /v1/request` does not take: 40014 to everybody who is logged in (`auth`: 40103, as on a socket)."""

ROUTES = {
    # Method and path: whether a log-in is needed.
    "GET /livez": False,
    "GET /readyz": False,
    "GET /healthz": False,
    "POST /v1/register": False,
    "POST /v1/login": False,
    "POST /v1/refresh": False,
    "POST /v1/ticket": True,
    "GET /v1/me": True,
    "GET /v1/users": True,
    "POST /v1/request": True,
    "POST /v1/requests/:type": True,
    "GET /v1/openapi.json": False,
    "POST /v1/logout": True,
}


@dataclass(frozen=True)
class Row:
    name: str
    expected: dict[str, int | None]
    """By standing: the number of the error, 0 where it is granted, None where it cannot be asked."""
    answer: str
    group: str
    makes: bool

    @property
    def type(self) -> str:
        return self.name.split("@")[0]


def rows() -> list[Row]:
    found = []
    for line in REQUESTS.splitlines():
        words = line.split()
        if not words or words[0] == "#":
            continue
        cells = words[1:10]
        assert len(cells) == 9 and len(words) in (12, 13), line
        expected = {s: None if w == "-" else 0 if w == "ok" else CODES[w] for s, w in zip(STANDINGS, cells)}
        found.append(Row(words[0], expected, words[10], words[11], len(words) == 13))
    assert len({row.name for row in found}) == len(found)
    return found
