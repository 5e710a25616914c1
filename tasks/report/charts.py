"""How a video's figures run, as curves for the page: paths of SVGs. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.engine import FPS
from tasks.gate_records import VideoCurves

WIDTH, HEIGHT = 400, 40
"""Of a curve's picture; browsers stretch it."""


@dataclass(frozen=True)
class Chart:
    """One curve.

    Attributes:
        name: what it shows, in English and in Chinese.
        path: of the SVG; it is interrupted where nothing is known.
        limit_y: where the limit is, None where there is none.
        worst: the value that is nearest to failing, or beyond.
        second: where that is.
        is_low: whether low values are bad.
        unit: of the values, in English and in Chinese; empty: none.
    """

    name: tuple[str, str]
    path: str
    limit_y: float | None
    worst: float
    second: float
    is_low: bool
    unit: tuple[str, str] = ("", "")

    @property
    def clock(self) -> str:
        """Where the worst value is, for people: ``0:14``."""
        minutes, seconds = divmod(int(self.second), 60)
        return f"{minutes}:{seconds:02}"

    @property
    def told(self) -> tuple[str, str]:
        """The curve in words, in English and in Chinese."""
        english, chinese = ("lowest", "最低") if self.is_low else ("highest", "最高")
        value = f"{self.worst:.2f}" if self.is_low else f"{self.worst:.1f}"
        return (
            f"{self.name[0]}: {english} {value}{self.unit[0]} at {self.clock}",
            f"{self.name[1]}：{chinese} {value}{self.unit[1]}，在 {self.clock}",
        )

    @property
    def data(self) -> str:
        """All that the page draws it from; it does so when somebody looks, as SVGs cost time."""
        limit = "" if self.limit_y is None else f"M0 {self.limit_y:g}H{WIDTH}"
        return "|".join((*self.told, limit, self.path))


def charts(curves: VideoCurves | None) -> tuple[Chart, ...]:
    """The curves of which something is known."""
    if curves is None:
        return ()
    step_s = curves.frames_per_point / FPS
    most = max((value for value in curves.drift if value is not None), default=0.0)
    drift_top = 1.25 * max(most, curves.most_drift or 0.0, 1.0)
    found = (
        _chart(("Lip sync", "口型同步"), curves.sync, curves.least_sync, (0.0, 1.0), step_s),
        _chart(("Likeness", "相似度"), curves.identity, curves.least_identity, (0.5, 1.0), step_s),
        _chart(
            ("Colour drift", "色彩漂移"),
            curves.drift,
            curves.most_drift,
            (0.0, drift_top),
            step_s,
            is_low=False,
            unit=(" grey levels", " 级灰度"),
        ),
    )
    return tuple(each for each in found if each is not None)


def _chart(
    name: tuple[str, str],
    values: Sequence[float | None],
    limit: float | None,
    reach: tuple[float, float],
    step_s: float,
    *,
    is_low: bool = True,
    unit: tuple[str, str] = ("", ""),
) -> Chart | None:
    known = [(value, index) for index, value in enumerate(values) if value is not None]
    if not known:
        return None
    worst, at = min(known, key=lambda each: each[0] if is_low else -each[0])
    ys = [None if value is None else _y(value, reach) for value in values]
    return Chart(
        name=name,
        path=" ".join(_strokes(ys)),
        limit_y=None if limit is None else _y(limit, reach),
        worst=worst,
        second=at * step_s,
        is_low=is_low,
        unit=unit,
    )


def _y(value: float, reach: tuple[float, float]) -> float:
    low, high = reach
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return round((1 - share) * HEIGHT, 1)


def _strokes(ys: Sequence[float | None]) -> Iterator[str]:
    """Parts of the path; a point alone is a short stroke."""
    width = WIDTH / len(ys)
    is_drawing = False
    for index, y in enumerate(ys):
        if y is None:
            is_drawing = False
            continue
        x = round((index + 0.5) * width)
        yield f"L{x} {y:g}" if is_drawing else f"M{x} {y:g}h.1"
        is_drawing = True
