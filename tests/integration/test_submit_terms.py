"""What `submit` may cost and until when: refused, or cut to what fits, before there is a run."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli.cluster.promise import within_terms_of
from flows.cli.cluster_commands import submit
from flows.cli.rows.pricing import PriceRequest
from flows.cluster.parameters import CampaignParameters
from model.errors import CampaignError
from tests.integration.campaigns import write_campaign

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--budget", "1"), "--budget needs --gpu-hour-price"),
        (("--fit",), "--fit needs --budget or --deadline"),
        (("--gpu-hour-price", "3"), "--gpu-hour-price needs --budget here"),
        (("--deadline", "23:59", "--no-check"), "leave out --no-check"),
        (("--reckon-gpus", "1xH100"), "works only together with --budget or --deadline"),
        (("--deadline", "2020-01-01"), "is over"),
        (("--deadline", "soon"), "must be a time such as 18:00"),
        (("--deadline", "23:59", "--reckon-gpus", "1xH100"), "none of the videos"),
    ],
)
def test_terms_that_say_nothing_useful_are_refused_before_anything_is_submitted(
    options: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nobody is asked
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)

    given = [str(manifest), "--out", str(tmp_path / "out"), *options]
    refused = CliRunner().invoke(submit, given)

    assert isinstance(refused.exception, SystemExit | CampaignError)
    assert words in f"{refused.output}{refused.exception}"


def test_with_fit_the_run_is_asked_for_the_videos_that_fit(tmp_path: Path):
    manifest = write_campaign(tmp_path / "in", num_videos=2, num_sentences=1)
    parameters = CampaignParameters(manifest=str(manifest), out=str(tmp_path / "out"), limit=1)
    asked = PriceRequest(gpu_hour_price=3600.0, budget=1e6, is_fit=True)

    whole = within_terms_of(parameters, asked, None, as_json=True)

    assert set(whole.only) == {"v0"}, "--limit chooses before"
    assert (whole.limit, whole.manifest, whole.out) == (None, str(manifest), parameters.out)
    assert (
        within_terms_of(parameters, replace(asked, is_fit=False), None, as_json=True) is parameters
    )
    with pytest.raises(CampaignError, match="not one video fits"):
        within_terms_of(parameters, replace(asked, budget=0.01), None, as_json=True)
