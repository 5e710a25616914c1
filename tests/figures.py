"""A value of every metric, and what the dashboard asks for."""

import json
from pathlib import Path

from flows.metrics.families import FAMILIES, Figures

DASHBOARD = Path(__file__).parents[1] / "docs" / "grafana" / "nightshoot.json"


def every_figure() -> Figures:
    """A value for each family."""
    figures = Figures()
    for number, family in enumerate(FAMILIES, 1):
        labels = [f"some {label}" for label in family.labels]
        figures.put(family, labels, number, count=2)
    return figures


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]
