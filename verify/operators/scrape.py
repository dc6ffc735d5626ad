"""A server with a door for operators, and what it says there, read by Prometheus' own parser for Python."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from house import House, ask
from server import ROOT, free_port

ROW = re.compile(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \| .+ \|$", re.M)


def documented() -> dict[str, str]:
    """Name and type of each metric in docs/operating.md."""
    found = dict(ROW.findall((ROOT / "docs/operating.md").read_text()))
    assert found
    return found


class Watched(House):
    """A server that operators can ask."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.door = free_port()
        super().__init__(folder, "--metrics", f"127.0.0.1:{self.door}", *options, limits=True)

    def scrape(self) -> Scrape:
        answer = ask(self.door, "GET", "/metrics")
        assert answer.status == 200 and answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", answer
        return Scrape(answer.text)

    def begin(self) -> Watched:
        asyncio.run(self.start())
        return self


class Scrape:
    """The samples of one answer."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.types: dict[str, str] = {}
        self.samples: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in text_string_to_metric_families(text):
            # The parser calls a counter by its name without the ending.
            name = family.name + "_total" if family.type == "counter" else family.name
            assert name not in self.types and family.documentation, name
            self.types[name] = family.type
            for sample in family.samples:
                key = sample.name, frozenset(sample.labels.items())
                assert key not in self.samples, key
                self.samples[key] = sample.value

    def value(self, metric: str, /, **labels: Any) -> float:
        return self.samples[metric, frozenset((key, str(value)) for key, value in labels.items())]

    def rising(self) -> dict[Any, float]:
        """What may only rise: counters, and counts and buckets of histograms."""
        return {
            key: value
            for key, value in self.samples.items()
            if key[0].endswith("_total") or key[0].endswith(("_bucket", "_count", "_sum"))
        }
