"""The Grafana dashboard asks only for metrics that there are."""

import json
import re
from datetime import UTC, datetime

from prometheus_client import REGISTRY, generate_latest

from dashboard.metrics import exposition
from ingest import metrics

STANDARD = {"process_resident_memory_bytes"}
"""Of prometheus_client itself."""


def test_every_metric_of_the_dashboard_exists(root):
    dashboard = json.loads((root / "deploy/grafana/yiwang.json").read_text(encoding="utf-8"))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b(?:yiwang|process)_\w+", target["expr"])
    }
    with metrics.stage("poll"):
        pass
    told = (generate_latest(REGISTRY) + exposition([], datetime.now(UTC))).decode()
    known = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE)) | STANDARD
    known |= {f"{name}_bucket" for name in known}
    assert asked <= known
    assert len(asked) >= 10


def test_titles_are_chinese_first_and_english_second(root):
    dashboard = json.loads((root / "deploy/grafana/yiwang.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        assert re.match(r".*[\u4e00-\u9fff].* / [A-Z]", panel["title"]), panel["title"]
