"""Curves of a video's figures as paths of an SVG."""

from tasks.gate_records import VideoCurves
from tasks.report.charts import HEIGHT, WIDTH, charts

CURVES = VideoCurves(
    frames_per_point=25,
    sync=(None, 0.75, 0.5, None, 1.0),
    identity=(1.0, 0.75, 0.5, 0.25, 1.0),
    drift=(0.0, 0.0, 4.0, 0.0, 0.0),
    least_sync=0.6,
    least_identity=None,
    most_drift=3.0,
)


def test_a_curve_is_interrupted_where_nothing_is_known():
    sync, identity, drift = charts(CURVES)
    assert sync.path == "M120 10h.1 L200 20 M360 0h.1"
    assert sync.limit_y == 16.0
    assert identity.path == f"M40 0h.1 L120 20 L200 {HEIGHT} L280 {HEIGHT} L360 0"
    assert identity.limit_y is None
    assert drift.path == f"M40 {HEIGHT}h.1 L120 {HEIGHT} L200 8 L280 {HEIGHT} L360 {HEIGHT}"
    assert drift.data == "|".join((*drift.told, f"M0 16H{WIDTH}", drift.path))


def test_the_worst_value_is_told_with_its_second():
    sync, identity, drift = charts(CURVES)
    assert sync.told == ("Lip sync: lowest 0.50 at 0:02", "口型同步：最低 0.50，在 0:02")
    assert identity.told[0] == "Likeness: lowest 0.25 at 0:03"
    assert drift.told == (
        "Colour drift: highest 4.0 grey levels at 0:02",
        "色彩漂移：最高 4.0 级灰度，在 0:02",
    )


def test_a_curve_of_which_nothing_is_known_is_left_out():
    unknown = CURVES.model_copy(update={"sync": (None,) * 5, "identity": (None,) * 5})
    assert [each.name[0] for each in charts(unknown)] == ["Colour drift"]
    assert charts(None) == ()
