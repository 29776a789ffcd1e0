"""What is measured has a panel, and every panel shows something that is measured."""

import json
import re
from pathlib import Path

from prometheus_client import REGISTRY

OPS = Path(__file__).parent.parent / "ops"
ABOUT_THE_PROCESS = "process_"


def measured() -> set[str]:
    """The names of Encore's metrics, without the endings that Prometheus adds."""
    names = {metric.name for metric in REGISTRY.collect()}
    return {name for name in names if name.startswith("encore_")}


def named_in(text: str) -> set[str]:
    names = re.findall(r"\bencore_\w+", text)
    return {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in names}


def test_every_metric_has_a_panel_and_every_panel_a_metric() -> None:
    dashboard = json.loads((OPS / "grafana-dashboard.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert named_in("\n".join(queries)) == measured()


def test_alerts_name_metrics_that_exist() -> None:
    named = named_in((OPS / "alerts.yml").read_text(encoding="utf-8"))
    assert named
    assert named <= measured()
