"""A49: a server that was told nothing but where its data lies, and on which port (so that two of these can run at once)."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import subprocess
from pathlib import Path

from house import House

USUAL = """/metrics /debug /debug/pprof /debug/pprof/heap /debug/vars /actuator /actuator/health /actuator/env /admin /admin/login /console /status
/server-status /stats /health /_health /ping /version /info /env /config /config.json /swagger /swagger.json /swagger-ui /openapi.json /api-docs /docs
/graphql /.env /.git/config /.well-known/security.txt /trace /dump /threads /heapdump /logs /log /phpinfo.php /test /v1/metrics /v1/debug /v1/admin
/v1/users/all /v1/check /v1/provision /v1/stats /parley.sqlite /data/parley.sqlite""".split()


class Plain(House):
    def arguments(self, extra: list[str] | None = None) -> list[str]:
        return [*self.tool, "serve", "--data", str(self.data), "--listen", f":{self.port}"]


def listening(pid: int) -> list[tuple[str, int]]:
    """Addresses and ports that a process listens on over TCP, as the kernel has them."""
    own = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            continue
        if match:
            own.add(match.group(1))
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in own:
                address, port = words[1].split(":")
                found.append((address, int(port, 16)))
    return found


def test_a49_as_it_comes(tmp_path: Path) -> None:
    house = Plain(tmp_path)
    asyncio.run(house.start())
    assert house.process is not None
    assert listening(house.process.pid) == [("0100007F", house.port)], "one port, on 127.0.0.1"
    for path in USUAL:
        answer = house.ask("GET", path, headers={"Origin": "https://evil.example"})
        assert answer.status == 404 and answer.body["name"] == "not_found", (path, answer)
        assert not [name for name in answer.headers if name.startswith("access-control") or name in ("server", "x-powered-by")], answer
    assert house.ask("OPTIONS", "/v1/me", headers={"Origin": "https://evil.example"}).status in (404, 405)
    for path in ("/livez", "/readyz", "/healthz", "/readyz?verbose"):
        assert house.ask("GET", path).text == '{"status":"ok"}'
    for name in ("admin", "root", "parley", "user", "guest"):
        for password in ("admin", "parley", "password", "changeme"):
            assert house.ask("POST", "/v1/login", {"name": name, "password": password}).status in (401, 429)
    assert stat.S_IMODE(house.data.stat().st_mode) == 0o700
    assert {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in house.data.iterdir() if file.stat().st_mode & 0o077} == {}
    # Nothing of what was asked stands in the log.
    assert asyncio.run(house.drain()) == 0
    assert re.fullmatch(r"Parley is ready: open http://127\.0\.0\.1:\d+/\n", house.log.read_text()), house.log.read_text()


def test_a49_a_door_for_operators_that_others_reach_is_warned_of(tmp_path: Path) -> None:
    from scrape import Watched

    house = Watched(tmp_path)
    house.options[1] = f"0.0.0.0:{house.door}"
    house.begin()
    assert asyncio.run(house.drain()) == 0
    assert "whoever reaches the metrics can read them" in house.log.read_text()
    told = subprocess.run([*house.tool, "serve", "--data", str(tmp_path / "b"), "--metrics", "nonsense"], capture_output=True, text=True, timeout=20)
    assert told.returncode != 0 and "--metrics takes an address and a port" in told.stderr
