"""A31: a thousand log-ins at once, and what people who write meanwhile notice of it.

Two processes: one writes a message every ten milliseconds and waits for its ack, the other one storms. Said are the delays of
the acks in quiet, under as many connections that ask for nothing dear, and under log-ins; and what those were answered. Every hash
costs about 25 ms and 19 MiB, one at a time: were it done where messages are handled, the median would be seconds.

Run:  PARLEY_BIN=.build/release/parley .venv/bin/python verify/identity/login_storm.py --logins 1000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "judge")]

from attack_world import answer_to  # noqa: E402
from house import House  # noqa: E402
from wire import dump, enter  # noqa: E402

PLAN = "user 1 u1 pass-word-1\nuser 2 u2 pass-word-2\ngroup g 1 2\n"
PASSWORD = "correct horse"


async def ask(port: int, route: str, name: str) -> int:
    """One request on a connection of its own: the status, or 0 where the connection broke."""
    body = json.dumps({"name": name, "password": PASSWORD})
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {route} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        line = await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        return int(line.split()[1])
    except (OSError, IndexError, asyncio.TimeoutError):
        return 0


async def storm(port: int, route: str, count: int) -> Counter[int]:
    names = ["Ann", "nobody"]
    return Counter(await asyncio.gather(*(ask(port, route, names[n % 2]) for n in range(count))))


async def write(house: House, token: str, until: float, tag: str) -> list[float]:
    """Seconds from a send to its ack, one message every ten milliseconds, as long as `until` lies ahead."""
    socket, _, _ = await enter(house.url, token)
    delays = []
    number = 0
    while time.monotonic() < until:
        number += 1
        started = time.perf_counter()
        frame = {"type": "send", "id": number, "conversation": "g", "client_id": f"{tag}{number}", "content": {"type": "text", "text": "hello"}}
        await socket.send(dump(frame))
        answer = await answer_to(socket, number)
        assert answer["type"] == "ack", answer
        delays.append(time.perf_counter() - started)
        await asyncio.sleep(max(0.0, 0.01 - delays[-1]))
    await socket.close()
    return delays


def shown(delays: list[float]) -> dict[str, float]:
    ordered = sorted(delays)
    return {f"p{p}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)] * 1000, 2) for p in (50, 90, 99)} | {
        "messages": len(ordered)
    }


async def main(options: argparse.Namespace) -> int:
    if options.storm:
        print(dump(dict(await storm(options.storm, options.route, options.logins))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        token = house.provision(PLAN)["u1"]
        await house.start()
        house.register("Ann", PASSWORD)

        async def under(tag: str, route: str) -> tuple[dict[str, float], dict[int, int]]:
            command = [sys.executable, __file__, "--storm", str(house.port), "--route", route, "--logins", str(options.logins)]
            attack = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            delays = shown(await write(house, token, time.monotonic() + options.seconds, tag))
            return delays, {int(status): count for status, count in json.loads((await attack.communicate())[0]).items()}

        await write(house, token, time.monotonic() + 1, "warm")
        quiet = shown(await write(house, token, time.monotonic() + options.seconds, "quiet"))
        crowd, _ = await under("crowd", "/v1/ticket")
        stormy, answers = await under("storm", "/v1/login")
        status = await house.drain()
    print(dump({"quiet": quiet, "crowd": crowd, "storm": stormy, "answers": answers, "exit": status}))
    print(
        f"{options.logins} log-ins at once: an ack takes {stormy['p50_ms']} ms (p99 {stormy['p99_ms']}); in quiet {quiet['p50_ms']} "
        f"({quiet['p99_ms']}); under as many cheap requests {crowd['p50_ms']} ({crowd['p99_ms']})", file=sys.stderr,
    )  # fmt: skip
    # Half of them have the right password. All are answered; those for whom there is no room are told to come back.
    answered = set(answers) <= {200, 401, 503} and answers.get(200, 0) > 0 and sum(answers.values()) == options.logins
    return 0 if answered and status == 0 and stormy["p50_ms"] <= options.p50 and stormy["p99_ms"] <= options.p99 else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logins", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3, help="how long messages are written in each of the three parts")
    parser.add_argument("--p50", type=float, default=25, help="fail where half of the acks under the storm take longer, in milliseconds")
    parser.add_argument("--p99", type=float, default=400, help="fail where a hundredth of them does, in milliseconds")
    parser.add_argument("--storm", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--route", default="/v1/login", help=argparse.SUPPRESS)
    sys.exit(asyncio.run(main(parser.parse_args())))
